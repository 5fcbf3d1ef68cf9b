"""Tokens of the hosts that tests and benchmarks start: urllib shows each host its own, wherever it is asked from."""

import pathlib
import urllib.parse
import urllib.request

_tokens = {}  # by host:port


class _Show(urllib.request.BaseHandler):
    def http_request(self, request):
        token = _tokens.get(request.host)
        if token and not request.has_header("Authorization"):
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        return request


urllib.request.install_opener(urllib.request.build_opener(_Show))


def know(url, data):
    """The administrator's token in the data folder of the host at `url`, or None: it has none."""
    file = pathlib.Path(data) / "token"
    token = file.read_text().strip() if file.exists() else None
    if url:
        _tokens[urllib.parse.urlsplit(url).netloc] = token
    return token
