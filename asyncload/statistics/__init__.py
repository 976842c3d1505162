"""What a number is worth: pure functions of counts and histograms, which know no run, no file and no clock."""
