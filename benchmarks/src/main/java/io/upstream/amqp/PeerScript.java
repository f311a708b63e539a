// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedShort;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.security.SaslCode;
import org.apache.qpid.proton.amqp.security.SaslMechanisms;
import org.apache.qpid.proton.amqp.security.SaslOutcome;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Begin;
import org.apache.qpid.proton.amqp.transport.Disposition;
import org.apache.qpid.proton.amqp.transport.Flow;
import org.apache.qpid.proton.amqp.transport.Open;
import org.apache.qpid.proton.amqp.transport.ReceiverSettleMode;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.proton.amqp.transport.SenderSettleMode;
import org.apache.qpid.proton.amqp.transport.Transfer;

/**
 * The bytes of a peer whose only link is the engine's: what it says until the link is open, then a turn's worth of what is measured, in
 * which only delivery ids change. Those lie at fixed places in four octets each.
 */
final class PeerScript {
    static final String LINK = "telemetry";
    static final int MAX_FRAME_SIZE = 65_536;

    private static final int MUCH = Integer.MAX_VALUE;
    private static final int CREDIT = 1 << 30;
    private static final int FAR = 0x7fff_fff0;

    private final ByteBuf turn;
    private final List<int[]> idPlaces = new ArrayList<>();
    private final int perTurn;

    private PeerScript(int perTurn, int capacity) {
        this.perTurn = perTurn;
        turn = Unpooled.directBuffer(capacity);
    }

    /** Both protocol headers and the SASL layer's frames, in the pieces that a client waits for. */
    static List<ByteBuf> sasl() {
        SaslMechanisms mechanisms = new SaslMechanisms();
        mechanisms.setSaslServerMechanisms(Symbol.valueOf("ANONYMOUS"));
        SaslOutcome outcome = new SaslOutcome();
        outcome.setCode(SaslCode.OK);
        return List.of(join(header(3), frame(1, mechanisms)), frame(1, outcome));
    }

    /** The protocol header and the open. */
    static ByteBuf open() {
        Open open = new Open();
        open.setContainerId("peer");
        open.setMaxFrameSize(UnsignedInteger.valueOf(MAX_FRAME_SIZE));
        open.setChannelMax(UnsignedShort.valueOf((short) 255));
        return join(header(0), frame(0, open));
    }

    static ByteBuf begin() {
        Begin begin = new Begin();
        begin.setRemoteChannel(UnsignedShort.valueOf((short) 0));
        begin.setNextOutgoingId(UnsignedInteger.ZERO);
        begin.setIncomingWindow(UnsignedInteger.valueOf(MUCH));
        begin.setOutgoingWindow(UnsignedInteger.valueOf(MUCH));
        begin.setHandleMax(UnsignedInteger.valueOf(255));
        return frame(0, begin);
    }

    /** The peer's half of a link on which it is {@code role}, and all the credit that there is if it receives. */
    static ByteBuf attach(Role role) {
        Attach attach = new Attach();
        attach.setName(LINK);
        attach.setHandle(UnsignedInteger.ZERO);
        attach.setRole(role);
        attach.setSndSettleMode(SenderSettleMode.UNSETTLED);
        attach.setRcvSettleMode(ReceiverSettleMode.FIRST);
        attach.setSource(new Source());
        Target target = new Target();
        target.setAddress(LINK);
        attach.setTarget(target);
        if (role == Role.SENDER) {
            attach.setInitialDeliveryCount(UnsignedInteger.ZERO);
            return frame(0, attach);
        }
        Flow flow = new Flow();
        flow.setNextIncomingId(UnsignedInteger.ZERO);
        flow.setIncomingWindow(UnsignedInteger.valueOf(MUCH));
        flow.setNextOutgoingId(UnsignedInteger.ZERO);
        flow.setOutgoingWindow(UnsignedInteger.valueOf(MUCH));
        flow.setHandle(UnsignedInteger.ZERO);
        flow.setDeliveryCount(UnsignedInteger.ZERO);
        flow.setLinkCredit(UnsignedInteger.valueOf(CREDIT));
        return join(frame(0, attach), frame(0, flow));
    }

    /** One disposition for each message of a turn. */
    static PeerScript dispositions(int perTurn) {
        PeerScript script = new PeerScript(perTurn, perTurn * AmqpSample.OVERHEAD);
        for (int i = 0; i < perTurn; i++) {
            Disposition disposition = new Disposition();
            disposition.setRole(Role.RECEIVER);
            disposition.setFirst(UnsignedInteger.valueOf(FAR));
            disposition.setSettled(true);
            disposition.setState(Accepted.getInstance());
            script.add(i, AmqpSample.frame(0, disposition, new byte[0], 0, 0));
        }
        return script;
    }

    /** The messages of a turn, in as many frames as they need if none is longer than {@code maxFrameSize}. */
    static PeerScript transfers(int perTurn, byte[] message, int maxFrameSize) {
        int most = maxFrameSize - AmqpSample.OVERHEAD;
        int frames = message.length / most + 1;
        PeerScript script = new PeerScript(perTurn, perTurn * (message.length + frames * AmqpSample.OVERHEAD));
        for (int i = 0; i < perTurn; i++) {
            for (int at = 0; at < message.length; at += most) {
                int length = Math.min(most, message.length - at);
                Transfer transfer = AmqpSample.transfer(FAR, new Binary(new byte[] {0, 0, 0, (byte) i}));
                transfer.setMore(at + length < message.length);
                script.add(i, AmqpSample.frame(0, transfer, message, at, length));
            }
        }
        return script;
    }

    private void add(int index, byte[] frame) {
        for (int i = AmqpSample.FRAME_HEADER; ; i++) {
            if (Unpooled.wrappedBuffer(frame).getInt(i) == FAR) {
                idPlaces.add(new int[] {turn.writerIndex() + i, index});
                break;
            }
        }
        turn.writeBytes(frame);
    }

    /** The next turn, for delivery ids from {@code first} on; to be used up before the one after it. */
    ByteBuf turn(int first) {
        for (int i = 0; i < idPlaces.size(); i++) {
            int[] place = idPlaces.get(i);
            turn.setInt(place[0], first + place[1]);
        }
        return turn.retainedDuplicate();
    }

    int perTurn() {
        return perTurn;
    }

    private static ByteBuf header(int protocol) {
        byte[] name = "AMQP".getBytes(StandardCharsets.US_ASCII);
        return Unpooled.directBuffer().writeBytes(name).writeInt(protocol << 24 | 0x01_00_00);
    }

    private static ByteBuf frame(int type, Object performative) {
        return Unpooled.directBuffer().writeBytes(AmqpSample.frame(type, performative, new byte[0], 0, 0));
    }

    private static ByteBuf join(ByteBuf first, ByteBuf second) {
        first.writeBytes(second);
        second.release();
        return first;
    }
}
