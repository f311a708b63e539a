// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.upstream.websocket.ResponseHead.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the head of one HTTP/1.x response (RFC 9112) from bytes that may be cut anywhere. Keeps at most {@link #MAX_BYTES} and no
 * buffer. Refuses at the first byte that cannot belong to a response, so that a server of another protocol is told apart at once.
 */
final class ResponseHeadParser {
    static final int MAX_BYTES = 8 * 1024;
    static final int MAX_EXCERPT = 64;
    private static final String PREFIX = "HTTP/1.";
    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

    private final StringBuilder line = new StringBuilder(128);
    private final List<Field> fields = new ArrayList<>();
    private @Nullable ResponseHead statusLine;
    private int bytes;

    /**
     * Consumes bytes of {@code in}, which it borrows, up to the end of the head and no further.
     *
     * @return the head once it is complete
     */
    @Nullable
    ResponseHead parse(ByteBuf in) throws MalformedResponseException {
        while (in.isReadable()) {
            char c = (char) in.readUnsignedByte();
            if (++bytes > MAX_BYTES) {
                throw malformed("its header is over " + MAX_BYTES + " bytes", in);
            }
            if (c != '\n') {
                line.append(c);
                checkStart(in);
                continue;
            }
            endLine(in);
            ResponseHead start = statusLine;
            if (start == null) {
                statusLine = status(in);
            } else if (line.isEmpty()) {
                return new ResponseHead(start.version(), start.status(), start.reason(), fields);
            } else {
                fieldLine(in);
            }
            line.setLength(0);
        }
        return null;
    }

    /** How many bytes of the head have come so far. */
    int bytes() {
        return bytes;
    }

    private void checkStart(ByteBuf in) throws MalformedResponseException {
        int last = line.length() - 1;
        if (statusLine == null && last < PREFIX.length() && line.charAt(last) != PREFIX.charAt(last)) {
            throw malformed("it does not begin with " + PREFIX, in);
        }
    }

    /** A lone line feed ends a line as well: a recipient may take it (RFC 9112 §2.2), and some peers send it. */
    private void endLine(ByteBuf in) throws MalformedResponseException {
        int length = line.length();
        if (length > 0 && line.charAt(length - 1) == '\r') {
            line.setLength(length - 1);
        }
        if (line.chars().anyMatch(c -> (c < ' ' && c != '\t') || c == 0x7F)) {
            throw malformed("it has control characters", in);
        }
    }

    private void fieldLine(ByteBuf in) throws MalformedResponseException {
        if (line.charAt(0) == ' ' || line.charAt(0) == '\t') {
            unfold(in);
        } else {
            fields.add(field(in));
        }
    }

    /** {@code HTTP/1.1 101 Switching Protocols}; the space before an absent reason may be absent too. */
    private ResponseHead status(ByteBuf in) throws MalformedResponseException {
        int digits = PREFIX.length() + 2;
        boolean wellFormed = line.length() >= digits + 3
                && (line.charAt(PREFIX.length()) == '0' || line.charAt(PREFIX.length()) == '1')
                && line.charAt(digits - 1) == ' '
                && line.substring(digits, digits + 3).chars().allMatch(c -> c >= '0' && c <= '9')
                && line.charAt(digits) >= '1'
                && line.charAt(digits) <= '5'
                && (line.length() == digits + 3 || line.charAt(digits + 3) == ' ');
        if (!wellFormed) {
            throw malformed("its status line is broken", in);
        }
        return new ResponseHead(
                line.charAt(PREFIX.length()) - '0',
                Integer.parseInt(line, digits, digits + 3, 10),
                line.substring(digits + 3).strip(),
                List.of());
    }

    private Field field(ByteBuf in) throws MalformedResponseException {
        int colon = line.indexOf(":");
        if (colon <= 0 || !isToken(line.substring(0, colon))) {
            throw malformed("a line of its header is broken", in);
        }
        return new Field(
                line.substring(0, colon).toLowerCase(Locale.ROOT),
                line.substring(colon + 1).strip());
    }

    /** A folded line goes on with the value before it, one space between (RFC 9112 §5.2). */
    private void unfold(ByteBuf in) throws MalformedResponseException {
        if (fields.isEmpty()) {
            throw malformed("its header begins with a folded line", in);
        }
        Field before = fields.remove(fields.size() - 1);
        fields.add(
                new Field(before.name(), (before.value() + " " + line.toString().strip()).strip()));
    }

    static boolean isToken(String text) {
        return !text.isEmpty()
                && text.chars()
                        .allMatch(c -> (c >= 'a' && c <= 'z')
                                || (c >= 'A' && c <= 'Z')
                                || (c >= '0' && c <= '9')
                                || TOKEN_MARKS.indexOf(c) >= 0);
    }

    private MalformedResponseException malformed(String what, ByteBuf in) {
        StringBuilder excerpt = new StringBuilder(line);
        for (int i = in.readerIndex(); i < in.writerIndex() && excerpt.length() < MAX_EXCERPT; i++) {
            excerpt.append((char) in.getUnsignedByte(i));
        }
        excerpt.setLength(Math.min(excerpt.length(), MAX_EXCERPT));
        return new MalformedResponseException(what + ": '" + printable(excerpt) + "'");
    }

    private static String printable(CharSequence excerpt) {
        StringBuilder printable = new StringBuilder(excerpt.length());
        excerpt.chars().forEach(c -> printable.append(c >= ' ' && c < 0x7F ? (char) c : '.'));
        return printable.toString();
    }
}
