// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.upstream.HostPort;
import java.net.IDN;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/** What asks for the upgrade (RFC 6455 §4.1), with a key of its own. */
final class UpgradeRequest {
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int KEY_BYTES = 16;
    private static final int HTTPS_PORT = 443;

    private final String host;
    private final String path;
    private final String subprotocol;
    private final String key;

    /** Throws {@link IllegalArgumentException} for what could break out of its line. */
    UpgradeRequest(HostPort target, String path, String subprotocol, SecureRandom random) {
        if (!path.startsWith("/") || path.chars().anyMatch(c -> c <= ' ' || c >= 0x7F || c == '#')) {
            throw new IllegalArgumentException("WebSocket path must begin with / and be visible ASCII without #, was '"
                    + path.replaceAll("[^!-~]", "?") + "'");
        }
        if (!ResponseHeadParser.isToken(subprotocol)) {
            throw new IllegalArgumentException(
                    "WebSocket subprotocol must be an HTTP token, was '" + subprotocol.replaceAll("[^ -~]", "?") + "'");
        }
        this.host = hostField(target);
        this.path = path;
        this.subprotocol = subprotocol;
        byte[] bytes = new byte[KEY_BYTES];
        random.nextBytes(bytes);
        this.key = Base64.getEncoder().encodeToString(bytes);
    }

    private static String hostField(HostPort target) {
        String name = target.host();
        if (name.indexOf(':') >= 0) {
            name = "[" + name + "]";
        } else {
            name = IDN.toASCII(name.endsWith(".") ? name.substring(0, name.length() - 1) : name);
        }
        return target.port() == HTTPS_PORT ? name : name + ":" + target.port();
    }

    /** Gives the request. No Origin, which is for browsers, and no extensions, since none is understood here. */
    ByteBuf encode(ByteBufAllocator alloc) {
        String text = "GET " + path + " HTTP/1.1\r\n"
                + "Host: " + host + "\r\n"
                + "Upgrade: websocket\r\n"
                + "Connection: Upgrade\r\n"
                + "Sec-WebSocket-Key: " + key + "\r\n"
                + "Sec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
                + "User-Agent: upstream\r\n"
                + "\r\n";
        return ByteBufUtil.writeAscii(alloc, text);
    }

    /** What the server has to answer in {@code Sec-WebSocket-Accept} (RFC 6455 §4.2.2). */
    String expectedAccept() {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
    }

    String subprotocol() {
        return subprotocol;
    }

    /** Without the query, which may carry what is nobody else's business. */
    String pathForPeople() {
        int query = path.indexOf('?');
        return query < 0 ? path : path.substring(0, query);
    }
}
