"""Whether a proxy stands between this machine and the endpoint."""

from urllib.request import getproxies, proxy_bypass

from asyncload.address import EndpointAddress


def proxy_for(address: EndpointAddress) -> str | None:
    """
    Look up the proxy that the surroundings ask for; read once, at opening, for it may touch files.

    Source: HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case forms, as the standard library reads them; on macOS
    the system's settings too.
    """
    if proxy_bypass(f"{address.host}:{address.port}"):
        return None
    proxies = getproxies()
    return proxies.get(address.scheme) or proxies.get("all") or None
