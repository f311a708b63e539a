// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.upstream.frame.FrameAccumulator;

/** Protocol headers and frames as they come (AMQP 1.0 sections 2.2, 2.3 and 5.3). */
final class InboundFrames implements FrameAccumulator.Format<Violation> {
    static final long SASL_HEADER = 0x414d_5150_0301_0000L;
    static final long AMQP_HEADER = 0x414d_5150_0001_0000L;

    private static final int HEADER = 8;

    /** Section 5.3.1. */
    private static final int MAX_SASL_FRAME_SIZE = 512;

    private static final int AMQP_FRAME = 0;
    private static final int SASL_FRAME = 1;

    private final Reader reader;
    private final Fields fields = new Fields();
    private Awaited awaited = Awaited.SASL_HEADER;

    /** What the next bytes must be. */
    private enum Awaited {
        SASL_HEADER,
        SASL_FRAME,
        AMQP_HEADER,
        AMQP_HEADER_AT_ONCE,
        AMQP_FRAME
    }

    /** Reads what was cut out. */
    interface Reader {
        void onSasl(int code, Fields fields);

        /**
         * A performative has come.
         *
         * @param in borrowed, for the payload between the end of the fields and {@code end}
         */
        void onPerformative(int channel, int code, Fields fields, ByteBuf in, int end);
    }

    InboundFrames(Reader reader) {
        this.reader = reader;
    }

    /** SASL is over. */
    void awaitAmqpHeader() {
        awaited = Awaited.AMQP_HEADER;
    }

    /** There is no SASL. To be called first, if at all. */
    void awaitAmqpHeaderAtOnce() {
        awaited = Awaited.AMQP_HEADER_AT_ONCE;
    }

    @Override
    public int frameLength(ByteBuf in) {
        return switch (awaited) {
            case SASL_HEADER, AMQP_HEADER, AMQP_HEADER_AT_ONCE -> protocolHeader(in);
            case SASL_FRAME -> length(in, MAX_SASL_FRAME_SIZE);
            case AMQP_FRAME -> length(in, AmqpEngine.MAX_FRAME_SIZE);
        };
    }

    /** Compares what is there of a protocol header. The first wrong byte tells another protocol: it may be all that comes. */
    private int protocolHeader(ByteBuf in) {
        long header = awaited == Awaited.SASL_HEADER ? SASL_HEADER : AMQP_HEADER;
        int start = in.readerIndex();
        int there = Math.min(HEADER, in.readableBytes());
        for (int i = 0; i < there; i++) {
            if (in.getUnsignedByte(start + i) != (header >>> (56 - 8 * i) & 0xff)) {
                throw Violation.framing(
                        switch (awaited) {
                            case SASL_HEADER -> "answered with something else than AMQP 1.0 with SASL";
                            case AMQP_HEADER_AT_ONCE ->
                                "answered with something else than AMQP 1.0 without SASL, which goes with a client certificate";
                            default -> "did not go on with AMQP 1.0 after SASL";
                        });
            }
        }
        return HEADER;
    }

    private static int length(ByteBuf in, int max) {
        if (in.readableBytes() < Integer.BYTES) {
            return UNKNOWN;
        }
        int length = in.getInt(in.readerIndex());
        if (length < HEADER || length > max) {
            throw Violation.framing("sent a frame of " + Integer.toUnsignedString(length) + " bytes, where " + HEADER
                    + " to " + max + " are allowed");
        }
        return length;
    }

    @Override
    public void frame(ByteBuf in, int length) {
        switch (awaited) {
            case SASL_HEADER -> {
                protocolHeader(in); // it may have come in pieces, of which only the first was looked at
                awaited = Awaited.SASL_FRAME;
            }
            case AMQP_HEADER, AMQP_HEADER_AT_ONCE -> {
                protocolHeader(in);
                awaited = Awaited.AMQP_FRAME;
            }
            case SASL_FRAME -> {
                int body = body(in, length, SASL_FRAME);
                int end = in.readerIndex() + length;
                reader.onSasl(fields.open(in, body, end), fields);
            }
            case AMQP_FRAME -> {
                int body = body(in, length, AMQP_FRAME);
                int end = in.readerIndex() + length;
                if (body < end) { // an empty frame is a sign of life
                    int channel = in.getUnsignedShort(in.readerIndex() + 6);
                    reader.onPerformative(channel, fields.open(in, body, end), fields, in, end);
                }
            }
        }
    }

    private static int body(ByteBuf in, int length, int type) {
        int start = in.readerIndex();
        int offset = in.getUnsignedByte(start + 4) * 4;
        if (offset < HEADER || offset > length) {
            throw Violation.framing("sent a frame whose data offset points out of it");
        }
        if (in.getUnsignedByte(start + 5) != type) {
            throw Violation.framing("sent a frame of type " + in.getUnsignedByte(start + 5) + " in the wrong place");
        }
        return start + offset;
    }
}
