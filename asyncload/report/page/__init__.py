"""A result as a page: one HTML file that opens without a network, and what its pictures are made of."""

from asyncload.report.page.run import page, write_page

__all__ = ["page", "write_page"]
