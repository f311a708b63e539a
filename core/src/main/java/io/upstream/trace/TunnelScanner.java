// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** First lines of what a proxy is asked and answers; each comes at the beginning of a buffer. Bodies and all else are left out. */
final class TunnelScanner implements Scanner {
    private static final byte[] REQUEST = "CONNECT ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] RESPONSE = "HTTP/".getBytes(StandardCharsets.US_ASCII);

    private final Sink sink;

    TunnelScanner(Sink sink) {
        this.sink = sink;
    }

    @Override
    public void scan(ByteBuf bytes) {
        if (begins(bytes, REQUEST) || begins(bytes, RESPONSE)) {
            HttpHead head = new HttpHead("tunnel ", sink);
            for (int at = bytes.readerIndex(); at < bytes.writerIndex(); at++) {
                byte octet = bytes.getByte(at);
                head.take(octet);
                if (octet == '\n') {
                    return;
                }
            }
        }
    }

    private static boolean begins(ByteBuf bytes, byte[] with) {
        if (bytes.readableBytes() < with.length) {
            return false;
        }
        for (int i = 0; i < with.length; i++) {
            if (bytes.getByte(bytes.readerIndex() + i) != with[i]) {
                return false;
            }
        }
        return true;
    }
}
