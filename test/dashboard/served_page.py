"""The dashboard's files, with a status of as many stream tables as one likes."""

import contextlib
import http.server
import json
import pathlib
import threading

WEB = pathlib.Path(__file__).parents[2] / "services/dashboard/web"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def stream_table(number):
    return {
        "database": "app", "name": f"shop.table_{number:04}", "status": "ACTIVE", "is_populated": True,
        "refresh_mode": "AUTO", "effective_refresh_mode": "DIFFERENTIAL", "mode_reason": None,
        "schedule": "10s", "target_lag_ms": 60000, "lag_ms": number * 7 % 5000,
        "data_timestamp": "2026-01-01T00:00:00Z", "last_full_ms": 120.5, "last_differential_ms": 3.25,
        "consecutive_errors": 0, "last_error": None, "is_refreshing": False,
        "recommended_interval_seconds": 12, "recommendation_confidence": 0.8,
        "next_refresh": "2026-01-01T00:00:05Z", "next_why": "by its interval",
        "sources": [{"name": "shop.orders", "type": "TABLE"}],
        "history": [[1 + number * at % 17, "DIFFERENTIAL", True] for at in range(24)],
    }


def status(tables):
    return {
        "node": "node-1", "version": "test", "edition": 1, "generated_at": "2026-01-01T00:00:00Z",
        "nodes": [], "alerts": [], "snapshots": [], "stream_tables": [stream_table(n) for n in range(tables)],
        "databases": [{"db_name": "app", "db_oid": 5, "node": "node-1", "state": "current", "is_shown": True,
                       "quota": 4, "workers_active": 0, "workers_queued": 0, "report_age": 0}],
    }


@contextlib.contextmanager
def served_page(tables):
    """Yields the address of the page."""
    event = f"event: status\ndata: {json.dumps(status(tables))}\n\n".encode()
    ended = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/api/v1/events":
                self.answer("text/event-stream", event)
                self.wfile.flush()
                ended.wait()
                return
            if self.path == "/api/v1/sign_in":
                self.answer("application/json", b'{"role": null}')
                return
            file = WEB / ("index.html" if self.path == "/" else pathlib.PurePath(self.path).name)
            self.answer(TYPES[file.suffix], file.read_bytes())

        def answer(self, kind, body):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
