// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.util.collection.IntObjectHashMap;

/**
 * AMQP 1.0, the server's side of one connection: any SASL mechanism or none, any number of sessions and links, every put-token granted.
 * Transfers are accepted in ranges at the end of the read that brought them.
 */
final class AmqpSink extends FrameCutter implements SinkProtocol {
    static final int MAX_FRAME = 65_536;

    private static final int AMQP = 0x414D5150;
    private static final int SASL_HEADER = 0x0301_0000;
    private static final int PROTOCOL_HEADER = 0x0001_0000;
    private static final int SASL_INIT = 0x41;

    private final Inspector inspector;
    private final AmqpCursor cursor = new AmqpCursor();
    private final IntObjectHashMap<AmqpSession> sessions = new IntObjectHashMap<>();
    private boolean over;

    AmqpSink(Counters counters) {
        this.inspector = new Inspector(counters);
    }

    @Override
    public void feed(ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        cut(in, answers);
    }

    @Override
    public void endOfRead(ByteBuf answers) {
        for (AmqpSession session : sessions.values()) {
            session.settle(answers);
        }
    }

    @Override
    public boolean isOver() {
        return over;
    }

    @Override
    public void release() {
        discard();
        sessions.values().forEach(AmqpSession::release);
        sessions.clear();
    }

    @Override
    int frameLength(ByteBuf in, int index, int available) throws ProtocolViolation {
        if (available < 4) {
            return UNKNOWN;
        }
        int size = in.getInt(index);
        if (size == AMQP) {
            return 8;
        } else if (size < 8) {
            throw new ProtocolViolation("an AMQP frame of " + size + " bytes");
        }
        return size;
    }

    @Override
    void frame(ByteBuf in, int index, int length, ByteBuf answers) throws ProtocolViolation {
        if (in.getInt(index) == AMQP) {
            header(in.getInt(index + 4), answers);
            return;
        }
        int body = index + 4 * in.getUnsignedByte(index + 4);
        int end = index + length;
        if (body == end) {
            return;
        }
        int channel = in.getUnsignedShort(index + 6);
        cursor.at(in, body, end);
        int performative = cursor.descriptor();
        if (performative == AmqpSession.TRANSFER) {
            session(channel).transfer(cursor, in, end, answers);
        } else {
            performative(performative, channel, in, answers);
        }
    }

    private void performative(int performative, int channel, ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        switch (performative) {
            case 0x10 -> open(answers);
            case 0x11 -> begin(channel, answers);
            case 0x12 -> session(channel).attach(cursor, in, answers);
            case 0x13, 0x15 -> {} // the peer's credit for what it gets, and its thanks
            case 0x16 -> session(channel).detach(cursor, answers);
            case 0x17 -> end(channel, answers);
            case 0x18 -> close(answers);
            case SASL_INIT -> saslOutcome(answers);
            default -> throw new ProtocolViolation("performative 0x" + Integer.toHexString(performative));
        }
    }

    private AmqpSession session(int channel) throws ProtocolViolation {
        AmqpSession session = sessions.get(channel);
        if (session == null) {
            throw new ProtocolViolation("a frame on channel " + channel + ", where no session was begun");
        }
        return session;
    }

    private static void header(int version, ByteBuf answers) throws ProtocolViolation {
        if (version != SASL_HEADER && version != PROTOCOL_HEADER) {
            throw new ProtocolViolation("an AMQP header 0x" + Integer.toHexString(version));
        }
        answers.writeInt(AMQP).writeInt(version);
        if (version == SASL_HEADER) {
            int frame = AmqpWriter.beginFrame(answers, AmqpWriter.SASL, 0);
            int list = AmqpWriter.beginList(answers, 0x40, 1);
            AmqpWriter.symbols(answers, "EXTERNAL", "MSSBCBS", "ANONYMOUS", "PLAIN");
            AmqpWriter.endList(answers, list);
            AmqpWriter.endFrame(answers, frame);
        }
    }

    private static void saslOutcome(ByteBuf answers) {
        int frame = AmqpWriter.beginFrame(answers, AmqpWriter.SASL, 0);
        int list = AmqpWriter.beginList(answers, 0x44, 1);
        AmqpWriter.ubyte(answers, 0);
        AmqpWriter.endList(answers, list);
        AmqpWriter.endFrame(answers, frame);
    }

    private static void open(ByteBuf answers) {
        int frame = AmqpWriter.beginFrame(answers, AmqpWriter.AMQP, 0);
        int list = AmqpWriter.beginList(answers, 0x10, 4);
        AmqpWriter.string(answers, "sink");
        AmqpWriter.nil(answers);
        AmqpWriter.uint(answers, MAX_FRAME);
        AmqpWriter.ushort(answers, 8_191);
        AmqpWriter.endList(answers, list);
        AmqpWriter.endFrame(answers, frame);
    }

    private void begin(int channel, ByteBuf answers) throws ProtocolViolation {
        cursor.elements();
        cursor.skip();
        sessions.put(channel, new AmqpSession(channel, inspector, cursor.number()));
        int frame = AmqpWriter.beginFrame(answers, AmqpWriter.AMQP, channel);
        int list = AmqpWriter.beginList(answers, 0x11, 5);
        AmqpWriter.ushort(answers, channel);
        AmqpWriter.uint(answers, 1);
        AmqpWriter.uint(answers, AmqpSession.WINDOW);
        AmqpWriter.uint(answers, AmqpSession.WINDOW);
        AmqpWriter.uint(answers, 65_535);
        AmqpWriter.endList(answers, list);
        AmqpWriter.endFrame(answers, frame);
    }

    private void end(int channel, ByteBuf answers) throws ProtocolViolation {
        AmqpSession session = session(channel);
        session.settle(answers);
        session.release();
        sessions.remove(channel);
        empty(answers, channel, 0x17);
    }

    private void close(ByteBuf answers) {
        endOfRead(answers);
        empty(answers, 0, 0x18);
        over = true;
    }

    private static void empty(ByteBuf answers, int channel, int performative) {
        int frame = AmqpWriter.beginFrame(answers, AmqpWriter.AMQP, channel);
        AmqpWriter.endList(answers, AmqpWriter.beginList(answers, performative, 0));
        AmqpWriter.endFrame(answers, frame);
    }
}
