// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.upstream.Telemetry;
import io.upstream.testing.AllocationMeter;
import java.time.Duration;
import java.util.Map;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedShort;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Begin;
import org.apache.qpid.proton.amqp.transport.Flow;
import org.apache.qpid.proton.amqp.transport.Role;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a message costs in garbage, exactly. */
class EngineAllocationTest {
    private static final int OPERATIONS = 2_000;
    private static final byte[] SECTIONS = new byte[120];

    @ParameterizedTest
    @CsvSource({
        "64, ffffffff, 1",
        "1024, ffffffff, 1",
        "65536, ffffffff, 65", // a buffer around the payload
        "262000, 00010000, 300" // and one for each frame, and what is left to be written
    })
    void aMessageThatIsSentAndSettledCostsNoObjectButForLinks(int size, String maxFrameSize, double limit) {
        Line line = new Line(maxFrameSize);
        Telemetry message = Telemetry.of(new byte[size]);
        // role receiver, first: a uint of four bytes at offset 16, settled, accepted
        ByteBuf disposition = direct(Wire.hex("0000001a 02000000 005315c00d05 41 7000000000 40 41 00532445"));
        double bytes = AllocationMeter.bytesPerOperation(OPERATIONS, () -> {
            line.sender.send(SECTIONS, message, line);
            line.engine.flush();
            disposition.setIndex(0, disposition.capacity()).setInt(16, line.settled);
            line.engine.feed(disposition.retain());
        });
        line.check(OPERATIONS);
        disposition.release();
        assertTrue(bytes <= limit, bytes + " bytes");
    }

    @ParameterizedTest
    @CsvSource({"64, 1", "1024, 1", "60000, 1", "60000, 5"})
    void aMessageThatIsReceivedAndSettledCostsNothing(int size, int frames) {
        Line line = new Line("ffffffff");
        ByteBuf transfer = direct(transfer(size, frames));
        int id = 8 + 3 + 9 + 2; // frame header, descriptor, a list's head of four-byte sizes, handle: the delivery id's
        // constructor
        double bytes = AllocationMeter.bytesPerOperation(OPERATIONS, () -> {
            transfer.setIndex(0, transfer.capacity()).setInt(id + 1, line.received);
            line.engine.feed(transfer.retain());
            line.receiver.credit(1);
            line.engine.flush();
        });
        line.check(OPERATIONS);
        transfer.release();
        assertTrue(bytes <= 1, bytes + " bytes");
    }

    /** Transfers of one message; its delivery id is written with four bytes, in the first one. */
    private static byte[] transfer(int size, int frames) {
        byte[] all = {};
        for (int i = 0; i < frames; i++) {
            String more = i < frames - 1 ? "41" : "42";
            String fields = i == 0
                    ? "005314 d0 00000014 00000006 5201 7000000000 a00401020304 43 42"
                    : "005314 d0 0000000b 00000006 5201 40 40 40 42";
            ByteBuf frame = Unpooled.buffer();
            frame.writeInt(0)
                    .writeInt(0x02000000)
                    .writeBytes(Wire.hex(fields, more))
                    .writeBytes(new byte[size]);
            frame.setInt(0, frame.writerIndex());
            all = Wire.join(all, Wire.bytes(frame));
        }
        return all;
    }

    /** Not watched by the detector of leaks, which makes objects. */
    private static ByteBuf direct(byte[] bytes) {
        return new UnpooledByteBufAllocator(true, true)
                .directBuffer(bytes.length)
                .writeBytes(bytes);
    }

    /** An engine with a link each way, on which the peer has set no limits. */
    private static final class Line extends SmoothLine {
        private final AmqpEngine engine;
        private final EngineSender sender;
        private final EngineReceiver receiver;
        private int settled;
        private int received;

        Line(String maxFrameSize) {
            ByteBufAllocator buffers = PooledByteBufAllocator.DEFAULT;
            engine = new AmqpEngine(
                    new Opening(
                            Opening.Login.ANONYMOUS, "test", "hub.test", Duration.ofSeconds(60), Duration.ofMinutes(4)),
                    this,
                    System::nanoTime,
                    buffers,
                    ByteBuf::release);
            engine.open();
            feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS));
            feed(Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER, Wire.OPEN.replace("7000010000", "70" + maxFrameSize)));
            EngineSession session = engine.begin(error -> {});
            sender = session.sender(terms("up"), this);
            receiver = session.receiver(terms("down"), this);
            feed(Wire.frame(0, begin()));
            feed(Wire.frame(0, attach("up", 0, Role.RECEIVER)));
            feed(Wire.frame(0, attach("down", 1, Role.SENDER)));
            feed(Wire.frame(0, flow()));
            receiver.credit(64);
            engine.flush();
        }

        private void feed(byte[] bytes) {
            engine.feed(Unpooled.wrappedBuffer(bytes));
        }

        void check(int atLeast) {
            assertTrue(settled + received >= atLeast, settled + " settled, " + received + " received");
            engine.discard();
        }

        @Override
        public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
            settled++;
        }

        @Override
        public void delivered(long delivery, MessageBytes message) {
            received++;
            receiver.settle(delivery, Outcome.ACCEPTED);
        }
    }

    private static LinkTerms terms(String name) {
        return new LinkTerms(name, "/" + name, Map.of(), 1 << 20);
    }

    private static Begin begin() {
        Begin begin = new Begin();
        begin.setRemoteChannel(UnsignedShort.valueOf((short) 0));
        begin.setNextOutgoingId(UnsignedInteger.ZERO);
        begin.setIncomingWindow(UnsignedInteger.MAX_VALUE);
        begin.setOutgoingWindow(UnsignedInteger.MAX_VALUE);
        return begin;
    }

    private static Attach attach(String name, int handle, Role role) {
        Attach attach = new Attach();
        attach.setName(name);
        attach.setHandle(UnsignedInteger.valueOf(handle));
        attach.setRole(role);
        attach.setSource(new Source());
        attach.setTarget(new Target());
        attach.setInitialDeliveryCount(UnsignedInteger.ZERO);
        return attach;
    }

    private static Flow flow() {
        Flow flow = new Flow();
        flow.setHandle(UnsignedInteger.ZERO);
        flow.setNextIncomingId(UnsignedInteger.ZERO);
        flow.setIncomingWindow(UnsignedInteger.MAX_VALUE);
        flow.setNextOutgoingId(UnsignedInteger.ZERO);
        flow.setOutgoingWindow(UnsignedInteger.MAX_VALUE);
        flow.setDeliveryCount(UnsignedInteger.ZERO);
        flow.setLinkCredit(UnsignedInteger.valueOf(1 << 30));
        return flow;
    }
}
