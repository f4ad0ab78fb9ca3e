"""A Redis client of one page: the protocol of redis.io/docs/reference/protocol-spec, in short."""
import socket


class Redis:
    """One connection, made when it is needed and again after it broke. For one thread."""

    def __init__(self, host="redis", port=6379, seconds=5):
        self.address, self.seconds, self.stream = (host, port), seconds, None

    def __call__(self, *words):
        """redis("SET", "key", b"value"): the answer (int, bytes, list, None), or an OSError."""
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        try:
            if not self.stream:
                with socket.create_connection(self.address, self.seconds) as connection:
                    self.stream = connection.makefile("rwb")
            self.stream.write(b"*%d\r\n" % len(words))
            self.stream.writelines(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
            self.stream.flush()
            return self.answer()
        except OSError:
            self.close()
            raise

    def answer(self):
        line = self.stream.readline()
        kind, rest = line[:1], line[1:].strip()
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self.exactly(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        raise OSError("redis: " + (rest.decode() or "the connection ended"))

    def exactly(self, size):
        data = self.stream.read(size)
        if len(data) < size:
            raise OSError("redis: the connection ended")
        return data

    def close(self):
        stream, self.stream = self.stream, None
        try:
            if stream:
                stream.close()
        except OSError:
            pass  # what was still to be sent goes nowhere
