// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.buffer.ByteBuf;
import io.upstream.proxy.ConnectResponse.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the head of a proxy's answer to one CONNECT, in whatever pieces it arrives, and stops at the first byte behind it. Lenient
 * where proxies in the field need it (bare line feeds, HTTP/1.0, folded fields, interim answers), bounded everywhere, and it fails at
 * the first byte that no HTTP/1 answer can have, so that another protocol on the port is told from a slow proxy. One object for one
 * answer; not thread-safe. Source: RFC 9112 sections 2.2, 4 and 5.
 */
final class ConnectResponseParser {
    static final int MAX_STATUS_LINE = 4 << 10;
    /** Everything up to the end of the head, interim answers included. Kerberos tokens and block pages need more than 8 KiB. */
    static final int MAX_HEAD = 32 << 10;

    static final int MAX_FIELDS = 100;
    static final int MAX_FOLDS = 32;
    static final int MAX_INTERIM = 8;
    static final int MAX_EMPTY_LINES = 2;

    private static final byte[] PREFIX = "HTTP/".getBytes(StandardCharsets.US_ASCII);

    /** What is known after the bytes so far. */
    enum Outcome {
        INCOMPLETE,
        /** {@link #response} is there, and the buffer's reader index is behind the head. */
        COMPLETE,
        /** Not an HTTP/1 answer; {@link #fault} says why. */
        MALFORMED,
        /** A limit was passed; {@link #fault} says which. */
        TOO_LARGE
    }

    private enum Expect {
        STATUS_LINE,
        FIELD_LINE
    }

    private byte[] line = new byte[256];
    private int length;
    private boolean afterCarriageReturn;
    private boolean bareLineFeeds;
    private int received;
    private int emptyLines;
    private int interim;
    private int folds;
    private Expect expect = Expect.STATUS_LINE;
    private Outcome outcome = Outcome.INCOMPLETE;
    private String fault = "";
    private boolean http11;
    private int status;
    private String reason = "";
    private final List<Field> fields = new ArrayList<>();
    private @Nullable ConnectResponse response;

    /** Borrows {@code bytes} and reads from it until the outcome is known. */
    Outcome feed(ByteBuf bytes) {
        while (outcome == Outcome.INCOMPLETE && bytes.isReadable()) {
            accept(bytes.readByte());
        }
        if (outcome == Outcome.MALFORMED && expect == Expect.STATUS_LINE) {
            completeTheLine(bytes);
        }
        return outcome;
    }

    /** The answer, once the outcome is {@link Outcome#COMPLETE}. */
    ConnectResponse response() {
        if (response == null) {
            throw new IllegalStateException("no answer yet, outcome is " + outcome);
        }
        return response;
    }

    /** Why this is no usable answer; holds no byte from the peer. */
    String fault() {
        return fault;
    }

    /** The first line of an answer that is malformed there, as received; else empty, since fields may repeat what we sent. */
    String badStatusLine() {
        return outcome == Outcome.MALFORMED && expect == Expect.STATUS_LINE
                ? text(0, length).strip()
                : "";
    }

    /** Whether anything has arrived. */
    boolean hasBegun() {
        return received > 0;
    }

    /** Whether the peer ended a line without a carriage return, which is allowed and worth a word in the log. */
    boolean sawBareLineFeed() {
        return bareLineFeeds;
    }

    private void accept(byte b) {
        if (++received > MAX_HEAD) {
            end(Outcome.TOO_LARGE, "a header of more than " + MAX_HEAD + " bytes");
        } else if (b == '\n') {
            bareLineFeeds |= !afterCarriageReturn;
            afterCarriageReturn = false;
            endOfLine();
        } else if (afterCarriageReturn) {
            append(b);
            end(Outcome.MALFORMED, "a carriage return without a line feed");
        } else if (expect == Expect.STATUS_LINE && length < PREFIX.length && b != '\r' && b != PREFIX[length]) {
            append(b);
            end(Outcome.MALFORMED, foreign(b));
        } else if (b == '\r') {
            afterCarriageReturn = true;
        } else if ((b >= 0 && b < ' ' && b != '\t') || b == 0x7F) {
            end(Outcome.MALFORMED, "a control character in the header");
        } else {
            append(b);
        }
    }

    private String foreign(byte b) {
        if (length > 1) {
            return "no HTTP answer";
        }
        return switch (b) {
            case 0x15, 0x16 -> "no HTTP answer but TLS: use https:// for this proxy, or name its plain http port";
            case 0x05, 0x00 -> "no HTTP answer but SOCKS: name the port of an HTTP proxy";
            default -> "no HTTP answer: name the port of an HTTP proxy";
        };
    }

    private void append(byte b) {
        if (expect == Expect.STATUS_LINE && length == MAX_STATUS_LINE) {
            end(Outcome.TOO_LARGE, "a status line of more than " + MAX_STATUS_LINE + " bytes");
            return;
        }
        if (length == line.length) {
            line = Arrays.copyOf(line, line.length * 2);
        }
        line[length++] = b;
    }

    private void endOfLine() {
        if (expect == Expect.STATUS_LINE) {
            if (length > 0) {
                statusLine();
            } else if (++emptyLines > MAX_EMPTY_LINES) {
                end(Outcome.MALFORMED, "more than " + MAX_EMPTY_LINES + " empty lines before an answer");
            }
        } else if (length == 0) {
            endOfHead();
        } else if (line[0] == ' ' || line[0] == '\t') {
            foldedLine();
        } else {
            fieldLine();
        }
        if (outcome == Outcome.INCOMPLETE) {
            length = 0;
        }
    }

    /** {@code HTTP/1.x SP 3DIGIT [ SP reason ]}; the reason may be missing with or without its blank. */
    private void statusLine() {
        if (length < 12 || line[5] != '1' || line[6] != '.' || !isDigit(line[7]) || line[8] != ' ') {
            end(Outcome.MALFORMED, "a status line that is not HTTP/1.0 or HTTP/1.1");
            return;
        }
        boolean digits = line[9] >= '1' && line[9] <= '5' && isDigit(line[10]) && isDigit(line[11]);
        if (!digits || (length > 12 && line[12] != ' ')) {
            end(Outcome.MALFORMED, "a status that is not a number from 100 to 599");
            return;
        }
        http11 = line[7] != '0';
        status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
        reason = length > 12 ? text(13, length).strip() : "";
        if (status == 101) {
            end(Outcome.MALFORMED, "101, which nobody asked for");
        } else {
            expect = Expect.FIELD_LINE;
        }
    }

    /** Names are not held to the grammar of tokens: some proxies send names that are none, and we look only for known ones. */
    private void fieldLine() {
        int colon = 0;
        while (colon < length && line[colon] != ':') {
            if (line[colon] == ' ' || line[colon] == '\t') {
                end(Outcome.MALFORMED, "a header field with a blank in its name");
                return;
            }
            colon++;
        }
        if (colon == 0 || colon == length) {
            end(Outcome.MALFORMED, "a header field without a name");
        } else if (fields.size() == MAX_FIELDS) {
            end(Outcome.TOO_LARGE, "more than " + MAX_FIELDS + " header fields");
        } else {
            fields.add(new Field(
                    text(0, colon).toLowerCase(Locale.ROOT),
                    text(colon + 1, length).strip()));
        }
    }

    /** RFC 9112 section 5.2: a user agent replaces the fold by a blank. */
    private void foldedLine() {
        if (fields.isEmpty()) {
            end(Outcome.MALFORMED, "a header that begins with a blank");
        } else if (++folds > MAX_FOLDS) {
            end(Outcome.TOO_LARGE, "more than " + MAX_FOLDS + " folded header lines");
        } else {
            Field last = fields.remove(fields.size() - 1);
            fields.add(
                    new Field(last.name(), (last.value() + ' ' + text(0, length).strip()).strip()));
        }
    }

    private void endOfHead() {
        if (status >= 200) {
            response = new ConnectResponse(http11, status, reason, fields);
            outcome = Outcome.COMPLETE;
        } else if (++interim > MAX_INTERIM) {
            end(Outcome.MALFORMED, "more than " + MAX_INTERIM + " interim answers");
        } else {
            fields.clear();
            expect = Expect.STATUS_LINE;
        }
    }

    private void end(Outcome how, String why) {
        if (outcome == Outcome.INCOMPLETE) {
            outcome = how;
            fault = why;
        }
    }

    /** So that a report shows the line and not only its part before the offence. */
    private void completeTheLine(ByteBuf bytes) {
        while (length < MAX_STATUS_LINE && bytes.isReadable()) {
            byte b = bytes.readByte();
            if (b == '\n') {
                return;
            }
            append(b);
        }
    }

    private String text(int from, int to) {
        return new String(line, from, to - from, StandardCharsets.ISO_8859_1);
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }
}
