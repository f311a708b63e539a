// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something that a proxy in the field does wrong or unusually. Several can be in force at once: a delayed answer can also come in
 * single bytes. Those that take the place of the answer ({@link Silence}, {@link CutBeforeAnswer}, {@link Garble}, {@link Refuse},
 * looked for in this order) act on every well-formed request, before credentials and ports are looked at.
 */
public sealed interface Misbehaviour {
    /** Every answer is sent this much later. */
    record DelayAnswer(Duration delay) implements Misbehaviour {
        public DelayAnswer {
            if (delay.isNegative()) {
                throw new IllegalArgumentException("delay must not be negative, was " + delay);
            }
        }
    }

    /** The request is read and never answered; the connection stays open. */
    record Silence() implements Misbehaviour {}

    /**
     * The request is refused.
     *
     * @param status 100 to 599
     * @param body sent as HTML with its length, or null for a page of the proxy's own
     */
    record Refuse(int status, @Nullable String body) implements Misbehaviour {
        public Refuse {
            if (status < 100 || status > 599) {
                throw new IllegalArgumentException("status must be 100..599, was " + status);
            }
        }

        public Refuse(int status) {
            this(status, null);
        }
    }

    /** These bytes are sent in place of an answer; then the connection is closed. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Garble(byte[] bytes) implements Misbehaviour {
        public Garble {
            bytes = bytes.clone();
        }
    }

    /** The connection ends when the request is complete. */
    record CutBeforeAnswer(Ending ending) implements Misbehaviour {}

    /** The connection ends behind the 200. */
    record CutAfterAnswer(Ending ending) implements Misbehaviour {}

    /** The tunnel ends when one direction has carried this many bytes; not one more is passed on in that direction. */
    record CutAfterBytes(long bytes, Ending ending) implements Misbehaviour {
        public CutAfterBytes {
            if (bytes < 1) {
                throw new IllegalArgumentException("bytes must be at least 1, was " + bytes);
            }
        }
    }

    /** The tunnel ends when neither direction has carried anything for this long. */
    record CutWhenIdle(Duration limit, Ending ending) implements Misbehaviour {
        public CutWhenIdle {
            requirePositive(limit);
        }
    }

    /**
     * The tunnel goes dead when neither direction has carried anything for this long: whatever comes later is swallowed, and neither side is
     * told of anything, not even that the other has closed. So do firewalls that forget a connection.
     */
    record DropWhenIdle(Duration limit) implements Misbehaviour {
        public DropWhenIdle {
            requirePositive(limit);
        }
    }

    /** The tunnel ends at this age, whatever it carries. */
    record CutAtAge(Duration age, Ending ending) implements Misbehaviour {
        public CutAtAge {
            requirePositive(age);
        }
    }

    private static void requirePositive(Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("time must be more than zero, was " + time);
        }
    }

    /** Every answer is written byte by byte, a millisecond apart, so that each is likely to be a read of its own. */
    record SplitAnswer() implements Misbehaviour {}

    /**
     * 407 as tinyproxy sends it: {@code HTTP/1.0}, {@code Connection: close}, no length, and the connection ends. Without this, 407
     * is squid's: HTTP/1.1, kept alive, with a length.
     */
    record CloseOn407() implements Misbehaviour {}

    /** These bytes follow the header of the 200 in the same write, as if the target had spoken first. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record GlueBehindAnswer(byte[] bytes) implements Misbehaviour {
        public GlueBehindAnswer {
            bytes = bytes.clone();
        }
    }

    /** How a connection ends when the proxy cuts it. */
    enum Ending {
        /** In good order: the peer reads the end of the stream. */
        FIN,
        /** With a reset: the peer's next read or write fails. */
        RST
    }
}
