// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.UnsignedShort;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.security.SaslInit;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Begin;
import org.apache.qpid.proton.amqp.transport.Close;
import org.apache.qpid.proton.amqp.transport.DeliveryState;
import org.apache.qpid.proton.amqp.transport.Detach;
import org.apache.qpid.proton.amqp.transport.Disposition;
import org.apache.qpid.proton.amqp.transport.End;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.Flow;
import org.apache.qpid.proton.amqp.transport.Open;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.apache.qpid.proton.codec.AMQPDefinedTypes;
import org.apache.qpid.proton.codec.DecoderImpl;
import org.apache.qpid.proton.codec.EncoderImpl;
import org.jspecify.annotations.Nullable;

/** Frames of a peer, written with another's codec, and our frames in words, read with it. */
final class Peer {
    /** Where the peer has the only session. */
    static final int CHANNEL = 5;

    /** The peer's handles: the link on which we send, and the one on which it does. */
    static final int UP = 0;

    static final int DOWN = 1;

    private Peer() {}

    static byte[] open(@Nullable Long maxFrameSize, @Nullable Integer channelMax, @Nullable Long idle) {
        Open open = new Open();
        open.setContainerId("peer");
        open.setMaxFrameSize(maxFrameSize == null ? null : UnsignedInteger.valueOf(maxFrameSize));
        open.setChannelMax(channelMax == null ? null : UnsignedShort.valueOf(channelMax.shortValue()));
        open.setIdleTimeOut(idle == null ? null : UnsignedInteger.valueOf(idle));
        return Wire.frame(0, open);
    }

    static byte[] begin(long nextOutgoingId, long window, long handleMax) {
        Begin begin = new Begin();
        begin.setRemoteChannel(UnsignedShort.valueOf((short) 0));
        begin.setNextOutgoingId(UnsignedInteger.valueOf(nextOutgoingId));
        begin.setIncomingWindow(UnsignedInteger.valueOf(window));
        begin.setOutgoingWindow(UnsignedInteger.valueOf(100));
        begin.setHandleMax(UnsignedInteger.valueOf(handleMax));
        return Wire.frame(CHANNEL, begin);
    }

    /** The peer's side of "up" or "down". */
    static byte[] attach(String name, int handle, long initialDeliveryCount, long maxMessageSize) {
        return Wire.frame(
                CHANNEL, attachOf(name, handle, new Source(), new Target(), initialDeliveryCount, maxMessageSize));
    }

    /** An attach that names no terminus. */
    static byte[] refusal(String name, int handle) {
        return Wire.frame(CHANNEL, attachOf(name, handle, null, null, 0, 0));
    }

    private static Attach attachOf(
            String name, int handle, @Nullable Source source, @Nullable Target target, long initial, long size) {
        Attach attach = new Attach();
        attach.setName(name);
        attach.setHandle(UnsignedInteger.valueOf(handle));
        attach.setRole(name.equals("down") ? Role.SENDER : Role.RECEIVER);
        attach.setSource(source);
        attach.setTarget(target);
        attach.setInitialDeliveryCount(name.equals("down") ? UnsignedInteger.valueOf(initial) : null);
        attach.setMaxMessageSize(size == 0 ? null : UnsignedLong.valueOf(size));
        return attach;
    }

    /** A flow of the session alone. */
    static byte[] window(long seen, long window, boolean echo) {
        return Wire.frame(CHANNEL, flowOf(seen, window, echo));
    }

    private static Flow flowOf(long seen, long window, boolean echo) {
        Flow flow = new Flow();
        flow.setNextIncomingId(UnsignedInteger.valueOf(seen));
        flow.setIncomingWindow(UnsignedInteger.valueOf(window));
        flow.setNextOutgoingId(UnsignedInteger.valueOf(0));
        flow.setOutgoingWindow(UnsignedInteger.valueOf(100));
        flow.setEcho(echo);
        return flow;
    }

    /** Credit on a link, with a window of 100 frames. */
    static byte[] credit(int handle, @Nullable Long deliveryCount, long credit, boolean drain, boolean echo) {
        Flow flow = flowOf(0, 100, echo);
        flow.setHandle(UnsignedInteger.valueOf(handle));
        flow.setDeliveryCount(deliveryCount == null ? null : UnsignedInteger.valueOf(deliveryCount));
        flow.setLinkCredit(UnsignedInteger.valueOf(credit));
        flow.setDrain(drain);
        return Wire.frame(CHANNEL, flow);
    }

    /** Wants the credit used up or given back, but takes no frames. */
    static byte[] drainWithoutWindow(int handle, long deliveryCount, long credit) {
        Flow flow = flowOf(1, 0, false);
        flow.setHandle(UnsignedInteger.valueOf(handle));
        flow.setDeliveryCount(UnsignedInteger.valueOf(deliveryCount));
        flow.setLinkCredit(UnsignedInteger.valueOf(credit));
        flow.setDrain(true);
        return Wire.frame(CHANNEL, flow);
    }

    /** @param flags any of: more, settled, aborted, resume */
    static byte[] transfer(int handle, @Nullable Long id, @Nullable String tag, byte[] payload, String... flags) {
        Transfer transfer = new Transfer();
        transfer.setHandle(UnsignedInteger.valueOf(handle));
        transfer.setDeliveryId(id == null ? null : UnsignedInteger.valueOf(id));
        transfer.setDeliveryTag(tag == null ? null : new Binary(tag.getBytes(StandardCharsets.US_ASCII)));
        List<String> set = List.of(flags);
        transfer.setMore(set.contains("more"));
        transfer.setSettled(set.contains("settled"));
        transfer.setAborted(set.contains("aborted"));
        transfer.setResume(set.contains("resume"));
        return Wire.frame(CHANNEL, transfer, payload);
    }

    /** A message with so many bytes in its data section. */
    static byte[] data(int length) {
        return Wire.join(
                Wire.hex("005375b0"),
                ByteBuffer.allocate(Integer.BYTES).putInt(length).array(),
                new byte[length]);
    }

    static byte[] disposition(
            Role role, long first, @Nullable Long last, boolean settled, @Nullable DeliveryState state) {
        Disposition disposition = new Disposition();
        disposition.setRole(role);
        disposition.setFirst(UnsignedInteger.valueOf(first));
        disposition.setLast(last == null ? null : UnsignedInteger.valueOf(last));
        disposition.setSettled(settled);
        disposition.setState(state);
        return Wire.frame(CHANNEL, disposition);
    }

    static byte[] detach(int handle, boolean closed, @Nullable String condition) {
        Detach detach = new Detach();
        detach.setHandle(UnsignedInteger.valueOf(handle));
        detach.setClosed(closed);
        detach.setError(error(condition));
        return Wire.frame(CHANNEL, detach);
    }

    static byte[] end(int channel, @Nullable String condition) {
        End end = new End();
        end.setError(error(condition));
        return Wire.frame(channel, end);
    }

    static byte[] close(int channel, @Nullable String condition) {
        Close close = new Close();
        close.setError(error(condition));
        return Wire.frame(channel, close);
    }

    static @Nullable ErrorCondition error(@Nullable String condition) {
        return condition == null ? null : new ErrorCondition(Symbol.valueOf(condition), "because");
    }

    /** Frames and protocol headers in words. */
    static String describe(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        List<String> words = new ArrayList<>();
        while (in.hasRemaining()) {
            if (in.getInt(in.position()) == 0x414d5150) {
                words.add(in.get(in.position() + 4) == 3 ? "SASL header" : "AMQP header");
                in.position(in.position() + 8);
                continue;
            }
            ByteBuffer frame = in.slice(in.position(), in.getInt(in.position()));
            in.position(in.position() + frame.limit());
            words.add(frame.limit() == 8 ? "empty" : describe(frame.position(8)));
        }
        return String.join(", ", words);
    }

    private static String describe(ByteBuffer frame) {
        DecoderImpl decoder = new DecoderImpl();
        AMQPDefinedTypes.registerAllTypes(decoder, new EncoderImpl(decoder));
        decoder.setByteBuffer(frame);
        Object body = decoder.readObject();
        if (body instanceof Attach attach) {
            return "attach " + attach.getName() + " " + attach.getHandle();
        } else if (body instanceof Flow flow) {
            return "flow"
                    + (flow.getHandle() == null
                            ? ""
                            : " " + flow.getHandle() + " credit " + flow.getLinkCredit() + " count "
                                    + flow.getDeliveryCount())
                    + (flow.getDrain() ? " drained" : "");
        } else if (body instanceof Transfer transfer) {
            return "transfer " + transfer.getDeliveryId() + (transfer.getMore() ? " more" : "");
        } else if (body instanceof Disposition some) {
            return "disposition " + some.getFirst() + "-" + some.getLast() + " " + some.getState();
        } else if (body instanceof Detach detach) {
            return "detach " + detach.getHandle() + condition(detach.getError());
        } else if (body instanceof End end) {
            return "end" + condition(end.getError());
        } else if (body instanceof Close close) {
            return "close" + condition(close.getError());
        } else if (body instanceof SaslInit init) {
            return "init " + init.getMechanism();
        }
        return body.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static String condition(@Nullable ErrorCondition error) {
        return error == null || error.getCondition() == null ? "" : " " + error.getCondition();
    }
}
