// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The bytes of one answer and what happens behind them. */
final class Answer {
    /** What follows the last byte. */
    enum Then {
        NEXT_REQUEST,
        TUNNEL,
        CLOSE
    }

    final int status;
    final byte[] bytes;
    final Then then;

    private Answer(int status, byte[] bytes, Then then) {
        this.status = status;
        this.bytes = bytes;
        this.then = then;
    }

    static Answer established(byte[] glued) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(ascii("HTTP/1.1 200 Connection established\r\n\r\n"));
        bytes.writeBytes(glued);
        return new Answer(200, bytes.toByteArray(), Then.TUNNEL);
    }

    static Answer raw(byte[] bytes) {
        return new Answer(0, bytes, Then.CLOSE);
    }

    /** As squid does: kept alive, with a length. */
    static Answer challenge() {
        return framed(
                407, null, "Proxy-Authenticate: Basic realm=\"upstream\", charset=\"UTF-8\"\r\n", Then.NEXT_REQUEST);
    }

    /** As tinyproxy does: HTTP/1.0, and the end of the connection is the end of the page. */
    static Answer closingChallenge() {
        String text = "HTTP/1.0 407 Proxy Authentication Required\r\nServer: upstream-emulator\r\n"
                + "Content-Type: text/html\r\nConnection: close\r\nProxy-Authenticate: Basic realm=\"upstream\"\r\n\r\n"
                + page(407, reason(407));
        return new Answer(407, ascii(text), Then.CLOSE);
    }

    static Answer refusal(int status, @Nullable String body, Then then) {
        return framed(status, body, "", then);
    }

    private static Answer framed(int status, @Nullable String body, String fields, Then then) {
        byte[] page = (body == null ? page(status, reason(status)) : body).getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + " " + reason(status) + "\r\nServer: upstream-emulator\r\n"
                + "Content-Type: text/html;charset=utf-8\r\nContent-Length: " + page.length + "\r\n" + fields
                + "Connection: " + (then == Then.CLOSE ? "close" : "keep-alive") + "\r\n\r\n";
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(ascii(head));
        bytes.writeBytes(page);
        return new Answer(status, bytes.toByteArray(), then);
    }

    private static String page(int status, String text) {
        return "<!DOCTYPE html>\n<html><head><title>" + status + "</title></head><body><h1>" + text
                + "</h1></body></html>\n";
    }

    private static String reason(int status) {
        return switch (status) {
            case 400 -> "Bad Request";
            case 403 -> "Forbidden";
            case 407 -> "Proxy Authentication Required";
            case 429 -> "Too Many Requests";
            case 500 -> "Internal Server Error";
            case 502 -> "Bad Gateway";
            case 503 -> "Service Unavailable";
            case 504 -> "Gateway Timeout";
            default -> "Status " + status;
        };
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
