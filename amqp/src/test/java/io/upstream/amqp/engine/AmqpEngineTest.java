// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedShort;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Begin;
import org.apache.qpid.proton.amqp.transport.Close;
import org.apache.qpid.proton.amqp.transport.Detach;
import org.apache.qpid.proton.amqp.transport.Disposition;
import org.apache.qpid.proton.amqp.transport.End;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.Flow;
import org.apache.qpid.proton.amqp.transport.Open;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine alone, fed with what a real hub sent and with what no peer should send. */
class AmqpEngineTest {
    private static final byte[] EMPTY_FRAME = {0, 0, 0, 8, 2, 0, 0, 0};
    private static final byte[] BEGIN = Wire.hex(Wire.BEGIN);
    private static final byte[] BODY = {0, 0x53, 0x77, 0x40};

    /** What a real hub sent after the begin: both attaches to $cbs, credit, a disposition, the reply to a token. */
    static final byte[] GOLDEN = Wire.join(
            BEGIN,
            Wire.frame(0, attach("$cbs-sender", 0, Role.RECEIVER)),
            Wire.frame(0, attach("$cbs-receiver", 1, Role.SENDER)),
            Wire.hex("00000023 02000000 005313c0160b43 7000001388 5201 70ffffffff 4343 5264 43404240"),
            Wire.hex("00000017 02000000 005315c00a0641434041 00532445 40"),
            Wire.hex("00000062 02000000 005314c0120b5201 43a00401000000 4340424040404042"
                    + "005373c00e0d4040404040 44 40404040404040"
                    + "005374c12b04a10b7374617475732d636f6465 71000000c8"
                    + "a1127374617475732d6465736372697074696f6e a1024f4b"));

    private static final List<String> UNDERSTOOD = List.of(
            "opened",
            "attached $cbs-sender",
            "attached $cbs-receiver",
            "credited $cbs-sender",
            "request ACCEPTED",
            "delivered $cbs-receiver 0 {status-code=200, status-description=OK}");

    private static Attach attach(String name, int handle, Role role) {
        Attach attach = new Attach();
        attach.setName(name);
        attach.setHandle(UnsignedInteger.valueOf(handle));
        attach.setRole(role);
        attach.setSource(new Source());
        attach.setTarget(new Target());
        if (role == Role.SENDER) {
            attach.setInitialDeliveryCount(UnsignedInteger.ZERO);
        }
        return attach;
    }

    /** Attaches the links of {@link #GOLDEN}, with credit for one reply and one request under way once there is credit. */
    private static EngineProbe withLinks() {
        EngineProbe probe = EngineProbe.open();
        EngineSession session = probe.engine.begin(probe);
        EngineSender sender = probe.sender(session, "$cbs-sender");
        probe.onCredit = () -> sender.send(BODY, null, "request");
        probe.receiver(session, "$cbs-receiver").credit(1);
        probe.drain();
        return probe;
    }

    /** As {@link #withLinks}, and the peer has attached both. */
    private static EngineProbe attached() {
        EngineProbe probe = withLinks();
        probe.feed(Wire.join(
                BEGIN,
                Wire.frame(0, attach("$cbs-sender", 0, Role.RECEIVER)),
                Wire.frame(0, attach("$cbs-receiver", 1, Role.SENDER))));
        probe.drain();
        return probe;
    }

    @AfterEach
    void closeProbes() {
        EngineProbe.closeAll();
    }

    @Test
    void understandsWhatARealHubSentByteByByte() {
        EngineProbe probe = withLinks();
        probe.feedInPieces(GOLDEN, 1);
        assertEquals(UNDERSTOOD, probe.events);
    }

    @ParameterizedTest
    @CsvSource({"601fff, 8192", "600000, 1", "60ffff, 65536"})
    void knowsHowManySessionsThePeerTakes(String channelMax, int sessions) {
        EngineProbe probe = new EngineProbe();
        probe.feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS));
        probe.feed(Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER, Wire.OPEN.replace("601fff", channelMax)));
        assertEquals(List.of("opened"), probe.events);
        assertEquals(sessions, probe.engine.sessionsAtMost());
    }

    @Test
    void leavesSaslOutWhereTlsHasSaidWhoItIs() {
        EngineProbe probe = new EngineProbe(Opening.Login.BY_TLS);
        byte[] said = probe.drain();
        assertArrayEquals(Wire.hex(Wire.AMQP_HEADER), Arrays.copyOf(said, 8));
        assertTrue(said.length > 8, "does not wait for the peer's header before it opens");
        probe.feedInPieces(Wire.hex(Wire.AMQP_HEADER, Wire.OPEN), 1);
        assertEquals(List.of("opened"), probe.events);
    }

    @Test
    void failsWithAPeerThatInsistsOnSasl() {
        EngineProbe probe = new EngineProbe(Opening.Login.BY_TLS);
        probe.feed(Wire.hex(Wire.SASL_HEADER));
        assertEquals(List.of("failed PROTOCOL"), probe.events);
    }

    @Test
    void understandsTheOpeningCutAtEveryByte() {
        byte[] rest = Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER, Wire.OPEN);
        byte[] offer = Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS);
        for (int cut = 0; cut <= offer.length + rest.length; cut++) {
            EngineProbe probe = new EngineProbe();
            byte[] all = Wire.join(offer, rest);
            probe.feed(Arrays.copyOf(all, cut));
            probe.drain();
            probe.feed(Arrays.copyOfRange(all, cut, all.length));
            assertEquals(List.of("opened"), probe.events, "cut at " + cut);
        }
    }

    @Test
    void understandsTheLinksCutAtEveryByte() {
        for (int cut = 0; cut <= GOLDEN.length; cut++) {
            EngineProbe probe = withLinks();
            probe.feed(Arrays.copyOf(GOLDEN, cut));
            probe.drain();
            probe.feed(Arrays.copyOfRange(GOLDEN, cut, GOLDEN.length));
            assertEquals(UNDERSTOOD, probe.events, "cut at " + cut);
        }
    }

    static Stream<Named<byte[]>> breaches() {
        Begin unknownChannel = new Begin();
        unknownChannel.setRemoteChannel(UnsignedShort.valueOf((short) 77));
        unknownChannel.setNextOutgoingId(UnsignedInteger.ZERO);
        unknownChannel.setIncomingWindow(UnsignedInteger.ONE);
        unknownChannel.setOutgoingWindow(UnsignedInteger.ONE);
        Begin unasked = new Begin();
        unasked.setNextOutgoingId(UnsignedInteger.ZERO);
        unasked.setIncomingWindow(UnsignedInteger.ONE);
        unasked.setOutgoingWindow(UnsignedInteger.ONE);
        Open again = new Open();
        again.setContainerId("again");
        Detach stray = new Detach();
        stray.setHandle(UnsignedInteger.valueOf(9));
        Flow strayFlow = flow(9, 1);
        Disposition disposition = new Disposition();
        disposition.setRole(Role.RECEIVER);
        disposition.setFirst(UnsignedInteger.ZERO);
        return Stream.of(
                Named.of("begin of an unknown channel", Wire.frame(3, unknownChannel)),
                Named.of("begin that nobody asked for", Wire.frame(3, unasked)),
                Named.of("begin twice", BEGIN),
                Named.of("second open", Wire.frame(0, again)),
                Named.of("attach that nobody asked for", Wire.frame(0, attach("stranger", 5, Role.SENDER))),
                Named.of("attach twice", Wire.frame(0, attach("$cbs-sender", 5, Role.RECEIVER))),
                Named.of("attach the wrong way round", Wire.frame(0, attach("$cbs-sender", 5, Role.SENDER))),
                Named.of("attach without a session", Wire.frame(6, attach("$cbs-sender", 5, Role.RECEIVER))),
                Named.of("transfer on no link", transfer(7, 0, "a")),
                Named.of("transfer the wrong way", transfer(0, 0, "a")),
                Named.of("transfer without delivery id", Wire.frame(0, transferOf(1, null, "a", false), (byte) 1)),
                Named.of("transfer without tag", Wire.frame(0, transferOf(1, 0, null, false), (byte) 1)),
                Named.of("flow on no link", Wire.frame(0, strayFlow)),
                Named.of("flow without a session", Wire.frame(6, flow(0, 1))),
                Named.of("disposition without a session", Wire.frame(6, disposition)),
                Named.of("detach of no link", Wire.frame(0, stray)),
                Named.of("end of no session", Wire.frame(6, new End())),
                Named.of("frame shorter than its header", Wire.hex("00000007 02000000")),
                Named.of("frame longer than allowed", Wire.hex("00010001 02000000")),
                Named.of("frame of negative length", Wire.hex("ffffffff 02000000")),
                Named.of("data offset beyond the frame", Wire.hex("00000008 ff000000")),
                Named.of("unknown frame type", Wire.hex("00000008 02050000")),
                Named.of("frame body that is no performative", Wire.hex("0000000a 02000000 a100")),
                Named.of("list that lies about its size", Wire.hex("00000010 02000000 005310d0 ffffffff")),
                Named.of("lists nested without end", nested(60_000)),
                Named.of("another protocol header", Wire.hex(Wire.AMQP_HEADER)));
    }

    private static byte[] nested(int depth) {
        byte[] frame = new byte[8 + depth];
        Arrays.fill(frame, (byte) 0);
        byte[] header =
                Unpooled.buffer(8).writeInt(frame.length).writeInt(0x02000000).array();
        System.arraycopy(header, 0, frame, 0, 8);
        return frame;
    }

    private static byte[] transfer(int handle, int id, String tag) {
        return Wire.frame(0, transferOf(handle, id, tag, false), BODY);
    }

    private static Transfer transferOf(int handle, Integer id, String tag, boolean more) {
        Transfer transfer = new Transfer();
        transfer.setHandle(UnsignedInteger.valueOf(handle));
        transfer.setDeliveryId(id == null ? null : UnsignedInteger.valueOf(id));
        transfer.setDeliveryTag(tag == null ? null : new Binary(tag.getBytes(StandardCharsets.UTF_8)));
        transfer.setMore(more);
        return transfer;
    }

    private static Flow flow(int handle, long credit) {
        Flow flow = new Flow();
        flow.setHandle(UnsignedInteger.valueOf(handle));
        flow.setNextIncomingId(UnsignedInteger.ZERO);
        flow.setIncomingWindow(UnsignedInteger.valueOf(5_000));
        flow.setNextOutgoingId(UnsignedInteger.ONE);
        flow.setOutgoingWindow(UnsignedInteger.valueOf(5_000));
        flow.setDeliveryCount(UnsignedInteger.ZERO);
        flow.setLinkCredit(UnsignedInteger.valueOf(credit));
        return flow;
    }

    @ParameterizedTest
    @MethodSource("breaches")
    void closesOnceAndThrowsNothingWhenThePeerBreaksTheProtocol(byte[] breach) {
        EngineProbe probe = attached();
        probe.feed(breach);
        probe.feed(breach);
        probe.drain();
        assertEquals(1, probe.events.stream().filter("failed PROTOCOL"::equals).count(), probe.events.toString());
        assertEquals("failed PROTOCOL", probe.events.get(probe.events.size() - 1));
        assertEquals(AmqpEngine.NOTHING_DUE, probe.engine.tick());
    }

    /** P29: credit is enforced here. */
    @Test
    void aMessageWithoutCreditEndsItsLinkAndNothingElse() {
        EngineProbe probe = attached();
        probe.events.clear();
        probe.feed(Wire.join(transfer(1, 0, "a"), transfer(1, 1, "b"), transfer(1, 2, "c")));
        assertEquals(
                List.of(
                        "delivered $cbs-receiver  null",
                        "detached $cbs-receiver amqp:link:transfer-limit-exceeded: it sent a message without credit"),
                probe.events);
        assertTrue(probe.drain().length > 0, "the peer is told");
        Detach answer = new Detach();
        answer.setHandle(UnsignedInteger.ONE);
        answer.setClosed(true);
        probe.feed(Wire.frame(0, answer));
        assertEquals(2, probe.events.size());
    }

    /** P29, P30: the size of a message is enforced here. */
    @Test
    void aMessageThatIsTooLongEndsItsLinkAndNothingElse() {
        EngineProbe probe = attached();
        probe.events.clear();
        byte[] half = new byte[501];
        probe.feed(Wire.join(
                Wire.frame(0, transferOf(1, 0, "a", true), half),
                Wire.frame(0, transferOf(1, 0, "a", true), half),
                Wire.frame(0, transferOf(1, 0, "a", false), half)));
        assertEquals(
                List.of("detached $cbs-receiver amqp:link:message-size-exceeded: it sent a message of more than"
                        + " 1000 bytes"),
                probe.events);
    }

    static Stream<Named<byte[]>> otherProtocols() {
        return Stream.of(
                Named.of("HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII)),
                Named.of("a TLS alert", Wire.hex("15030300020228")),
                Named.of("MQTT", Wire.hex("20020000")),
                Named.of("AMQP without SASL", Wire.hex(Wire.AMQP_HEADER)),
                Named.of("an outcome without an offer", Wire.hex(Wire.SASL_HEADER, Wire.OUTCOME)),
                Named.of("two offers", Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS, Wire.MECHANISMS)),
                Named.of("a SASL frame that is too long", Wire.hex(Wire.SASL_HEADER, "00000400 02010000")));
    }

    @ParameterizedTest
    @MethodSource("otherProtocols")
    void tellsAnotherProtocolFromAmqp(byte[] bytes) {
        EngineProbe probe = new EngineProbe();
        probe.drain();
        probe.feed(bytes);
        assertEquals(List.of("failed PROTOCOL"), probe.events);
        assertEquals(0, probe.drain().length);
    }

    @ParameterizedTest
    @ValueSource(strings = {"01", "02", "03", "04"})
    void looksAtTheOutcomeOfTheLogin(String code) {
        EngineProbe probe = new EngineProbe();
        probe.feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS));
        probe.drain();
        probe.feed(Wire.hex("00000010 02010000 005344c0030150", code));
        assertEquals(List.of(code.equals("01") ? "failed UNAUTHORIZED" : "failed SERVER_ERROR"), probe.events);
    }

    @Test
    void takesTheLargestCreditForACreditAndNotForLessThanNothing() {
        EngineProbe probe = EngineProbe.open();
        EngineSession session = probe.engine.begin(probe);
        EngineSender sender = probe.sender(session, "link");
        probe.drain();
        probe.feed(Wire.join(
                BEGIN, Wire.frame(0, attach("link", 0, Role.RECEIVER)), Wire.frame(0, flow(0, 0xffff_ffffL))));
        assertEquals(1 << 30, sender.credit());
    }

    @Test
    void appliesOneDispositionToARangeOfMessages() {
        EngineProbe probe = EngineProbe.open();
        EngineSender sender = probe.sender(probe.engine.begin(probe), "link");
        probe.drain();
        probe.feed(Wire.join(BEGIN, Wire.frame(0, attach("link", 0, Role.RECEIVER)), Wire.frame(0, flow(0, 4))));
        for (int i = 0; i < 4; i++) {
            sender.send(BODY, null, "message " + i);
        }
        probe.drain();
        assertEquals(0, sender.credit());
        Disposition range = new Disposition();
        range.setRole(Role.RECEIVER);
        range.setFirst(UnsignedInteger.ONE);
        range.setLast(UnsignedInteger.valueOf(3));
        range.setSettled(true);
        range.setState(Accepted.getInstance());
        probe.events.clear();
        probe.feed(Wire.frame(0, range));
        assertEquals(List.of("message 1 ACCEPTED", "message 2 ACCEPTED", "message 3 ACCEPTED"), probe.events);
    }

    @Test
    void forgetsAMessageThatThePeerHasForgotten() {
        EngineProbe probe = EngineProbe.open();
        EngineSender sender = probe.sender(probe.engine.begin(probe), "up");
        probe.feed(Wire.join(
                Peer.begin(0, 100, 255),
                Peer.attach("up", 0, 0, 0),
                Peer.credit(0, 0L, 1 << 30, false, false),
                Peer.window(0, 0xffff_ffffL, false)));
        probe.events.clear();
        byte[] accepted = Wire.hex("0000001a 02000005 005315c00d05 41 7000000000 40 41 00532445");
        sender.send(BODY, null, "forgotten");
        for (int id = 1; id < Unsettled.MAX_SPAN; id++) {
            sender.send(BODY, null, "message");
            ByteBuffer.wrap(accepted).putInt(16, id);
            probe.feed(accepted);
            assertEquals("message ACCEPTED", probe.events.remove(0));
            probe.drain();
        }
        sender.send(BODY, null, "one more");
        assertEquals(List.of("forgotten UNKNOWN"), probe.events);
        assertEquals("disposition 0-null null, transfer 65536", Peer.describe(probe.drain()));
    }

    @Test
    void survivesADispositionOfEverything() {
        EngineProbe probe = attached();
        Disposition all = new Disposition();
        all.setRole(Role.RECEIVER);
        all.setFirst(UnsignedInteger.ZERO);
        all.setLast(UnsignedInteger.valueOf(0x7fff_fff0L));
        all.setSettled(true);
        long before = System.nanoTime();
        probe.feed(Wire.frame(0, all));
        assertTrue(System.nanoTime() - before < Duration.ofSeconds(1).toNanos());
    }

    @Test
    void theCloseOfThePeerCountsMoreThanWhatFollowsIt() {
        EngineProbe probe = attached();
        Close close = new Close();
        close.setError(new ErrorCondition(Symbol.valueOf("amqp:connection:forced"), "restart"));
        probe.feed(Wire.join(Wire.frame(0, close), Wire.hex("deadbeef")));
        assertEquals("closed amqp:connection:forced: restart", probe.events.get(probe.events.size() - 1));
        assertTrue(probe.events.stream().noneMatch(event -> event.startsWith("failed")));
        assertTrue(probe.drain().length > 0, "the close is answered");
    }

    /** P12: not a millisecond late. */
    @Test
    void noticesASilentPeerAfterItsTime() {
        EngineProbe probe = EngineProbe.open();
        probe.after(Duration.ofMillis(59_999));
        assertTrue(probe.engine.tick() <= Duration.ofMillis(1).toNanos());
        probe.after(Duration.ofMillis(1));
        probe.engine.tick();
        assertEquals(List.of("opened", "failed TIMEOUT"), probe.events);
    }

    /** P12: at half of what the peer asks for. */
    @Test
    void sendsAnEmptyFrameAtHalfOfThePeersTime() {
        EngineProbe probe = EngineProbe.open(); // 240 s
        probe.after(Duration.ofSeconds(59));
        probe.feed(EMPTY_FRAME);
        probe.after(Duration.ofSeconds(59));
        probe.feed(EMPTY_FRAME);
        probe.engine.tick();
        assertEquals(0, probe.drain().length);
        probe.after(Duration.ofSeconds(2));
        probe.engine.tick();
        assertArrayEquals(EMPTY_FRAME, probe.drain());
        probe.engine.tick();
        assertEquals(0, probe.drain().length);
    }

    /** P12, P13: a sign of life is due while the peer speaks and we do not. */
    @ParameterizedTest
    @ValueSource(longs = {0, 240_000})
    void sendsAnEmptyFrameAtItsOwnTimeEvenIfThePeerAsksForLess(long peersTime) {
        EngineProbe probe = new EngineProbe(Opening.Login.ANONYMOUS, Duration.ofSeconds(45));
        probe.feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS));
        Open open = new Open();
        open.setContainerId("patient");
        open.setIdleTimeOut(UnsignedInteger.valueOf(peersTime));
        probe.feed(Wire.join(Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER), Wire.frame(0, open)));
        probe.drain();
        for (int round = 0; round < 3; round++) {
            probe.after(Duration.ofMillis(44_999));
            probe.feed(EMPTY_FRAME);
            assertEquals(Duration.ofMillis(1).toNanos(), probe.engine.tick());
            assertEquals(0, probe.drain().length);
            probe.after(Duration.ofMillis(1));
            probe.engine.tick();
            assertArrayEquals(EMPTY_FRAME, probe.drain());
        }
    }

    @Test
    void aPeerThatWantsToHearFromUsEachMillisecondHearsTwiceASecond() {
        EngineProbe probe = new EngineProbe();
        probe.feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS));
        probe.drain();
        Open open = new Open();
        open.setContainerId("hasty");
        open.setIdleTimeOut(UnsignedInteger.ONE);
        probe.feed(Wire.join(Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER), Wire.frame(0, open)));
        probe.drain();
        assertTrue(probe.engine.tick() >= Duration.ofMillis(60).toNanos());
        int frames = 0;
        for (int i = 0; i < 100; i++) {
            probe.after(Duration.ofMillis(100));
            probe.engine.tick();
            frames += probe.drain().length / EMPTY_FRAME.length;
        }
        assertTrue(frames >= 10 && frames <= 20, frames + " frames in 10 s");
    }

    @Test
    void endsASessionOnlyWhenThePeerHasBegunIt() {
        EngineProbe probe = EngineProbe.open();
        EngineSession session = probe.engine.begin(probe);
        session.end();
        probe.drain();
        probe.feed(BEGIN);
        assertTrue(probe.drain().length > 0, "the end follows the begin");
        probe.feed(Wire.frame(0, new End()));
        assertEquals(List.of("opened", "ended null"), probe.events);
    }

    /** P38: almost right. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void survivesWhatIsAlmostRight(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 500; round++) {
            EngineProbe probe = withLinks();
            byte[] bytes = GOLDEN.clone();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            probe.feed(bytes);
            probe.drain();
            assertTrue(
                    probe.events.stream()
                                    .filter(event -> event.startsWith("failed") || event.startsWith("closed"))
                                    .count()
                            <= 1,
                    probe.events.toString());
        }
    }
}
