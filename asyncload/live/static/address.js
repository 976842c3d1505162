"use strict";
/* The cookie is set: the token need not stand in the address any longer, nor in what somebody copies from there. */
if (new URLSearchParams(location.search).has("token")) {
  const address = new URL(location.href);
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}
