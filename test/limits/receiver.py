"""A receiver of webhooks: notes each request as a line of JSON, and answers as its path asks."""
import http.server
import json
import sys
import time

log = open(sys.argv[2], "a", buffering=1)
seen = {}


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        delivery = self.headers.get("X-Delivery-Id")
        seen[delivery] = seen.get(delivery, 0) + 1
        log.write(json.dumps({"path": self.path, "id": delivery, "auth": self.headers.get("Authorization"), "body": json.loads(body)}) + "\n")
        status = 500 if self.path == "/fails-twice" and seen[delivery] <= 2 else 302 if self.path == "/redirects" else 200
        if self.path == "/slow" and seen[delivery] == 1:
            time.sleep(4)
        try:
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            answer = b"x" * 1_000_000 if self.path == "/long" else b"ok"
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
        except OSError:
            pass  # whoever asked is gone

    do_GET = do_POST

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
open(sys.argv[1], "w").write(str(server.server_port))
server.serve_forever()
