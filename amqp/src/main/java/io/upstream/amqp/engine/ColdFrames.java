// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.upstream.connect.Failures;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The frames of which there are few: SASL, open, begin, attach, detach, end, close (AMQP 1.0 sections 2.7 and 5.3.3). */
final class ColdFrames {
    private static final int AMQP = 0;
    private static final int SASL = 1;
    private static final int ROOM = 512;
    private static final int UNSETTLED = 0;
    private static final int MIXED = 2;

    private final FrameWriter frames;

    ColdFrames(FrameWriter frames) {
        this.frames = frames;
    }

    /** @param response null for none */
    void saslInit(String mechanism, byte @Nullable [] response, String hostname) {
        ByteBuf out = begin(ROOM + (response == null ? 0 : response.length), SASL, 0);
        int start = start(out);
        int list = list(out, Performative.SASL_INIT, 3);
        AmqpWriter.symbol(out, mechanism);
        if (response == null) {
            AmqpWriter.nothing(out);
        } else {
            AmqpWriter.binaryLength(out, response.length);
            out.writeBytes(response);
        }
        AmqpWriter.string(out, hostname);
        AmqpWriter.endCompound(out, list);
        FrameWriter.finishCold(out, start);
    }

    void open(Opening opening, int maxFrameSize, int channelMax) {
        ByteBuf out = begin(ROOM + room(opening.containerId()) + room(opening.hostname()), AMQP, 0);
        int start = start(out);
        int list = list(out, Performative.OPEN, 5);
        AmqpWriter.string(out, opening.containerId());
        AmqpWriter.string(out, opening.hostname());
        AmqpWriter.uint(out, maxFrameSize);
        out.writeByte(0x60).writeShort(channelMax);
        AmqpWriter.uint(out, Math.toIntExact(opening.idleTimeOut().toMillis()));
        AmqpWriter.endCompound(out, list);
        FrameWriter.finishCold(out, start);
    }

    void begin(int channel, int nextOutgoingId, int incomingWindow, int outgoingWindow, int handleMax) {
        ByteBuf out = begin(ROOM, AMQP, channel);
        int start = start(out);
        int list = list(out, Performative.BEGIN, 5);
        AmqpWriter.nothing(out); // remote channel: we begin
        AmqpWriter.uint(out, nextOutgoingId);
        AmqpWriter.uint(out, incomingWindow);
        AmqpWriter.uint(out, outgoingWindow);
        AmqpWriter.uint(out, handleMax);
        AmqpWriter.endCompound(out, list);
        FrameWriter.finishCold(out, start);
    }

    /** Whether the frame was short enough for the peer; else it was not written. */
    boolean attachSender(int channel, int handle, LinkTerms terms) {
        ByteBuf out = begin(ROOM + room(terms), AMQP, channel);
        int start = start(out);
        int list = attach(out, handle, terms, false, UNSETTLED);
        terminus(out, Performative.SOURCE, null);
        terminus(out, Performative.TARGET, terms.address());
        AmqpWriter.nothing(out); // unsettled
        AmqpWriter.nothing(out); // incomplete-unsettled
        AmqpWriter.uint(out, 0); // initial-delivery-count
        AmqpWriter.nothing(out); // max-message-size
        return finishAttach(out, start, list, terms);
    }

    /** As {@link #attachSender}. */
    boolean attachReceiver(int channel, int handle, LinkTerms terms) {
        ByteBuf out = begin(ROOM + room(terms), AMQP, channel);
        int start = start(out);
        int list = attach(out, handle, terms, true, MIXED);
        terminus(out, Performative.SOURCE, terms.address());
        terminus(out, Performative.TARGET, null);
        AmqpWriter.nothing(out); // unsettled
        AmqpWriter.nothing(out); // incomplete-unsettled
        AmqpWriter.nothing(out); // initial-delivery-count
        out.writeByte(0x80).writeLong(terms.maxMessageSize());
        return finishAttach(out, start, list, terms);
    }

    private static int attach(ByteBuf out, int handle, LinkTerms terms, boolean asReceiver, int settleMode) {
        int list = list(out, Performative.ATTACH, 14);
        AmqpWriter.string(out, terms.name());
        AmqpWriter.uint(out, handle);
        AmqpWriter.bool(out, asReceiver);
        out.writeByte(0x50).writeByte(settleMode);
        out.writeByte(0x50).writeByte(0); // the receiver settles first
        return list;
    }

    private static void terminus(ByteBuf out, int code, @Nullable String address) {
        int list = list(out, code, address == null ? 0 : 1);
        if (address != null) {
            AmqpWriter.string(out, address);
        }
        AmqpWriter.endCompound(out, list);
    }

    private boolean finishAttach(ByteBuf out, int start, int list, LinkTerms terms) {
        AmqpWriter.nothing(out); // offered-capabilities
        AmqpWriter.nothing(out); // desired-capabilities
        AmqpWriter.map(out, terms.properties(), AmqpWriter.Keys.SYMBOLS);
        AmqpWriter.endCompound(out, list);
        if (FrameWriter.finishCold(out, start) > frames.maxFrameSize()) {
            out.writerIndex(start);
            return false;
        }
        return true;
    }

    void detach(int channel, int handle, @Nullable PeerError error) {
        ByteBuf out = begin(ROOM + room(error), AMQP, channel);
        int start = start(out);
        int list = list(out, Performative.DETACH, 3);
        AmqpWriter.uint(out, handle);
        AmqpWriter.bool(out, true); // closed
        error(out, error);
        AmqpWriter.endCompound(out, list);
        FrameWriter.finishCold(out, start);
    }

    void end(int channel, @Nullable PeerError error) {
        last(Performative.END, channel, error);
    }

    void close(@Nullable PeerError error) {
        last(Performative.CLOSE, 0, error);
    }

    private void last(int code, int channel, @Nullable PeerError error) {
        ByteBuf out = begin(ROOM + room(error), AMQP, channel);
        int start = start(out);
        int list = list(out, code, 1);
        error(out, error);
        AmqpWriter.endCompound(out, list);
        FrameWriter.finishCold(out, start);
    }

    private static void error(ByteBuf out, @Nullable PeerError error) {
        if (error == null) {
            AmqpWriter.nothing(out);
            return;
        }
        int list = list(out, Performative.ERROR, 2);
        AmqpWriter.symbol(out, error.condition());
        AmqpWriter.string(out, Failures.printable(error.description()));
        AmqpWriter.endCompound(out, list);
    }

    private ByteBuf begin(int room, int type, int channel) {
        return frames.beginCold(room, type, channel);
    }

    /** Where the frame begins whose header was just written. */
    private static int start(ByteBuf out) {
        return out.writerIndex() - Long.BYTES;
    }

    private static int list(ByteBuf out, int code, int fields) {
        AmqpWriter.section(out, code);
        return AmqpWriter.beginList(out, fields);
    }

    private static int room(@Nullable PeerError error) {
        return error == null ? 0 : room(error.condition()) + room(Failures.printable(error.description()));
    }

    private static int room(LinkTerms terms) {
        int room = room(terms.name()) + room(terms.address());
        for (Map.Entry<String, String> each : terms.properties().entrySet()) {
            room += room(each.getKey()) + room(each.getValue());
        }
        return room;
    }

    private static int room(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length + 5;
    }
}
