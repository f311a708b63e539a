// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The body of an answer whose connection is to be used again: nobody reads it, but its end has to be found. Whatever is not certain makes the
 * connection unusable, since the next answer would begin at the wrong byte. Not thread-safe. Source: RFC 9112 sections 6 and 7.1.
 */
final class AnswerBody {
    private static final int MAX_SIZE_DIGITS = 8;

    /** What is known after the bytes so far. */
    enum Outcome {
        INCOMPLETE,
        /** The buffer's reader index is behind the body. */
        COMPLETE,
        /** Malformed, or too large. */
        UNUSABLE
    }

    private enum Expect {
        SIZE,
        EXTENSION,
        SIZE_END,
        DATA,
        DATA_RETURN,
        DATA_END,
        TRAILER_START,
        TRAILER,
        TRAILER_END,
        LAST_END,
        PLAIN,
        NOTHING
    }

    private final int limit;
    private Expect expect;
    private long left;
    private int digits;
    private long received;

    private AnswerBody(Expect expect, long left, int limit) {
        this.expect = expect;
        this.left = left;
        this.limit = limit;
    }

    /**
     * The body to read before the connection can carry another request.
     *
     * @param limit how many bytes are worth reading for that
     * @return empty if it cannot: the peer closes it, or nobody can tell where the body ends
     */
    static Optional<AnswerBody> of(ConnectResponse response, int limit) {
        if (!response.keepsTheConnection()) {
            return Optional.empty();
        }
        List<String> codings = tokens(response.values("transfer-encoding"));
        List<String> lengths = tokens(response.values("content-length"));
        if (!codings.isEmpty()) {
            boolean certain = lengths.isEmpty() && response.isHttp11() && codings.equals(List.of("chunked"));
            return certain ? Optional.of(new AnswerBody(Expect.SIZE, 0, limit)) : Optional.empty();
        }
        Set<String> distinct = new HashSet<>(lengths);
        if (distinct.size() != 1 || !lengths.get(0).matches("[0-9]{1,9}")) {
            return Optional.empty();
        }
        int length = Integer.parseInt(lengths.get(0));
        if (length > limit) {
            return Optional.empty();
        }
        return Optional.of(new AnswerBody(length == 0 ? Expect.NOTHING : Expect.PLAIN, length, limit));
    }

    static List<String> tokens(List<String> values) {
        List<String> tokens = new ArrayList<>();
        for (String value : values) {
            for (String token : value.split(",", -1)) {
                tokens.add(token.strip().toLowerCase(Locale.ROOT));
            }
        }
        return tokens;
    }

    /** Borrows {@code bytes} and reads from it until the outcome is known. */
    Outcome feed(ByteBuf bytes) {
        while (expect != Expect.NOTHING && bytes.isReadable()) {
            if (expect == Expect.PLAIN || expect == Expect.DATA) {
                skip(bytes);
            } else if (!accept(bytes.readByte())) {
                return Outcome.UNUSABLE;
            } else {
                received++;
            }
            if (received > limit) {
                return Outcome.UNUSABLE;
            }
        }
        return expect == Expect.NOTHING ? Outcome.COMPLETE : Outcome.INCOMPLETE;
    }

    private void skip(ByteBuf bytes) {
        int part = (int) Math.min(left, bytes.readableBytes());
        bytes.skipBytes(part);
        received += part;
        left -= part;
        if (left == 0) {
            expect = expect == Expect.PLAIN ? Expect.NOTHING : Expect.DATA_RETURN;
        }
    }

    /** One byte of the framing of chunks; false if it must not be there. */
    private boolean accept(byte b) {
        return switch (expect) {
            case SIZE -> size(b);
            case EXTENSION -> text(b, Expect.EXTENSION, Expect.SIZE_END);
            case SIZE_END -> {
                digits = 0;
                yield line(b, left == 0 ? Expect.TRAILER_START : Expect.DATA);
            }
            case DATA_RETURN -> b == '\r' && to(Expect.DATA_END);
            case DATA_END -> line(b, Expect.SIZE);
            case TRAILER_START -> b == '\r' ? to(Expect.LAST_END) : text(b, Expect.TRAILER, Expect.TRAILER_END);
            case TRAILER -> text(b, Expect.TRAILER, Expect.TRAILER_END);
            case TRAILER_END -> line(b, Expect.TRAILER_START);
            case LAST_END -> line(b, Expect.NOTHING);
            default -> false;
        };
    }

    private boolean size(byte b) {
        int digit = Character.digit(b, 16);
        if (digit >= 0) {
            left = left * 16 + digit;
            return ++digits <= MAX_SIZE_DIGITS && left <= limit;
        }
        if (digits == 0) {
            return false;
        }
        return switch (b) {
            case '\r' -> to(Expect.SIZE_END);
            case ';', ' ', '\t' -> to(Expect.EXTENSION);
            default -> false;
        };
    }

    private boolean text(byte b, Expect within, Expect behind) {
        return b != '\n' && to(b == '\r' ? behind : within);
    }

    private boolean line(byte b, Expect next) {
        return b == '\n' && to(next);
    }

    private boolean to(Expect next) {
        expect = next;
        return true;
    }
}
