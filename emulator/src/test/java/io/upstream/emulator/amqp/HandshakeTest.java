// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.security.SaslCode;
import org.apache.qpid.proton.amqp.security.SaslMechanisms;
import org.apache.qpid.proton.amqp.security.SaslOutcome;
import org.apache.qpid.proton.amqp.transport.Begin;
import org.apache.qpid.proton.amqp.transport.Close;
import org.apache.qpid.proton.amqp.transport.Open;
import org.apache.qpid.proton.engine.EndpointState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HandshakeTest {
    private final InMemoryHub hub = new InMemoryHub().register("d", "d/m");

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 100_000})
    void opensWithoutASaslLayerInAnyCut(int cut) {
        try (AmqpPeer peer = new AmqpPeer(hub, cut).open()) {
            assertEquals(EndpointState.ACTIVE, peer.connection.getRemoteState());
            assertEquals(EndpointState.ACTIVE, peer.session.getRemoteState());
            byte[] bytes = peer.fromHead.toByteArray();
            assertArrayEquals(HexFormat.of().parseHex("414d515000010000"), Arrays.copyOf(bytes, 8));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 100_000})
    void opensBehindASaslLayerInAnyCut(int cut) {
        try (AmqpPeer peer = new AmqpPeer(hub, cut).anonymous()) {
            assertEquals(EndpointState.ACTIVE, peer.session.getRemoteState());
            byte[] bytes = peer.fromHead.toByteArray();
            assertArrayEquals(HexFormat.of().parseHex("414d515003010000"), Arrays.copyOf(bytes, 8));
            SaslMechanisms offered = Frames.first(bytes, SaslMechanisms.class);
            assertEquals(
                    List.of(Symbol.valueOf("MSSBCBS"), Symbol.valueOf("ANONYMOUS"), Symbol.valueOf("PLAIN")),
                    List.of(offered.getSaslServerMechanisms()));
            assertEquals(SaslCode.OK, Frames.first(bytes, SaslOutcome.class).getCode());
        }
    }

    @Test
    void takesMssbcbs() {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.transport.sasl().client();
            peer.transport.sasl().setMechanisms("MSSBCBS");
            peer.open();
            assertEquals(EndpointState.ACTIVE, peer.session.getRemoteState());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "d@sas.hub, token:d, OK",
        "d@sas.hub.test, token:d, OK",
        "d/m@sas.hub, token:d/m, OK",
        "d@sas.other, token:d, AUTH",
        "d, token:d, AUTH",
        "d@sas.hub, wrong, AUTH",
        "d@sas.hub, token:d/m, AUTH",
        "policy@sas.root.hub, token:d, AUTH"
    })
    void checksAPlainUserAndItsToken(String user, String token, SaslCode expected) {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.transport.sasl().plain(user, token);
            peer.open();
            SaslOutcome outcome = Frames.first(peer.fromHead.toByteArray(), SaslOutcome.class);
            assertEquals(expected, outcome.getCode());
            assertEquals(expected == SaslCode.OK, peer.channel.isOpen());
        }
    }

    @Test
    void aPlainTokenAuthorisesLinksAndItsExpiryEndsTheConnection() {
        hub.expiry = Instant.now().plusSeconds(100);
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.transport.sasl().plain("d@sas.hub", "token:d");
            peer.open();
            assertEquals(1000, peer.sender("/devices/d/messages/events").getCredit());
            peer.advance(101);
            Close close = Frames.first(peer.fromHead.toByteArray(), Close.class);
            assertEquals(
                    "amqp:unauthorized-access", close.getError().getCondition().toString());
            peer.connection.close();
            peer.pump();
            assertFalse(peer.channel.isOpen());
            assertTrue(hub.present.isEmpty());
        }
    }

    /** Half of what the peer asks for, as proton-j does it; for a peer that says nothing, seven eighths of two minutes. */
    @ParameterizedTest
    @CsvSource({"0,104,0", "0,106,1", "0,211,2", "40000,19,0", "40000,21,1"})
    void sendsEmptyFramesOverAnIdleConnection(int idleMillis, int seconds, int count) {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.transport.setIdleTimeout(idleMillis * 2); // the engine advertises half of it
            peer.open();
            int before = peer.fromHead.size();
            for (int second = 0; second < seconds; second++) {
                peer.advance(1);
            }
            byte[] bytes = peer.fromHead.toByteArray();
            assertEquals("0000000802000000".repeat(count), ByteBufUtil.hexDump(bytes, before, bytes.length - before));
        }
    }

    @Test
    void refusesAnUnknownMechanism() {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.transport.sasl().client();
            peer.transport.sasl().setMechanisms("EXTERNAL");
            peer.open();
            assertEquals(
                    SaslCode.AUTH,
                    Frames.first(peer.fromHead.toByteArray(), SaslOutcome.class).getCode());
            assertFalse(peer.channel.isOpen());
        }
    }

    @Test
    void answersOpenAndBeginAsTheHubDoes() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            Open open = Frames.first(peer.fromHead.toByteArray(), Open.class);
            assertTrue(open.getContainerId().matches("DeviceGateway_[0-9a-f]{32}"), open.getContainerId());
            assertEquals("localhost", open.getHostname());
            assertEquals(65_536, open.getMaxFrameSize().intValue());
            assertEquals(8_191, open.getChannelMax().intValue());
            assertEquals(240_000, open.getIdleTimeOut().intValue());
            Begin begin = Frames.first(peer.fromHead.toByteArray(), Begin.class);
            assertEquals(5_000, begin.getIncomingWindow().intValue());
            assertEquals(
                    Integer.MAX_VALUE, begin.getOutgoingWindow().intValue()); // the engine's; the hub sends 2^32 - 1
            assertEquals(1, begin.getNextOutgoingId().intValue());
        }
    }

    @Test
    void opensForAPeerThatNamesOnlyItsContainer() {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            byte[] bytes = exchange(peer, "414d515000010000 0000001102000000005310c00401a10178");
            assertEquals(
                    65_536, Frames.first(bytes, Open.class).getMaxFrameSize().intValue());
            assertTrue(peer.channel.isOpen());
        }
    }

    @Test
    void refusesAMaxFrameSizeBelowTheLeastOfTheSpecification() {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            byte[] bytes = exchange(peer, "414d515000010000 0000001402000000005310c00703a1017840 52ff");
            assertEquals(
                    "amqp:connection:framing-error",
                    Frames.first(bytes, Close.class).getError().getCondition().toString());
        }
    }

    private static byte[] exchange(AmqpPeer peer, String hex) {
        peer.channel.writeInbound(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex.replace(" ", ""))));
        peer.channel.runPendingTasks();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (ByteBuf out = peer.channel.readOutbound(); out != null; out = peer.channel.readOutbound()) {
            bytes.writeBytes(ByteBufUtil.getBytes(out));
            out.release();
        }
        return bytes.toByteArray();
    }

    @Test
    void refusesAnIdleTimeOutBelowFiveSeconds() {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.transport.setIdleTimeout(2 * 4_999);
            peer.open();
            assertEquals(
                    "amqp:not-allowed",
                    peer.connection.getRemoteCondition().getCondition().toString());
        }
    }

    @Test
    void sendsEmptyFramesBeforeThePeersIdleTimeOut() {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.transport.setIdleTimeout(2 * 10_000);
            peer.open();
            peer.fromHead.reset();
            peer.advance(6);
            peer.advance(6);
            List<Frames.Frame> frames = Frames.of(peer.fromHead.toByteArray());
            assertFalse(frames.isEmpty());
            frames.forEach(frame -> assertNull(frame.body()));
        }
    }

    @Test
    void givesASilentPeerUp() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            peer.advance(481);
            Close close = Frames.first(peer.fromHead.toByteArray(), Close.class);
            assertEquals(
                    "amqp:resource-limit-exceeded",
                    close.getError().getCondition().toString());
            assertFalse(peer.channel.isOpen());
        }
    }

    @Test
    void givesUpAPeerThatNeverOpens() {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.advance(61);
            assertFalse(peer.channel.isOpen());
        }
    }

    @Test
    void closesBehindThePeersClose() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            peer.connection.close();
            peer.pump();
            assertEquals(EndpointState.CLOSED, peer.connection.getRemoteState());
            assertFalse(peer.channel.isOpen());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "474554202f20485454502f312e310d0a", // GET / HTTP/1.1
                "414d515000000900", // a version that nobody speaks
                "ffffffffffffffffffffffff",
            })
    void closesOnWhatIsNotAmqp(String hex) {
        try (AmqpPeer peer = new AmqpPeer(hub)) {
            peer.channel.writeInbound(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)));
            peer.channel.runPendingTasks();
            assertFalse(peer.channel.isOpen());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0000000f02000009005314c0020143", // a transfer on a session that is not begun
                "0000001402000000005314c00703520943a00131", // a transfer on a handle that is not attached
                "0000001602000001005311c009046000074352015201", // a begin that answers one that was never sent
                "00000010020000000053 16c003015209", // a detach of a handle that is not attached
                "0000000c020000090053 1745", // an end of a session that is not begun
                "0000001102000000005310c00401a10178", // a second open
                "0000001402000000005311c0070440435201 5201", // a channel begun twice
                "000000090200000000", // a frame that ends inside its first value
                "00020000020000000053", // a frame longer than the maximum
                "0000000700000000", // a frame shorter than its header
            })
    void closesWhenTheEngineThrows(String hex) {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            Close close = Frames.first(exchange(peer, hex), Close.class);
            assertTrue(close.getError().getCondition().toString().startsWith("amqp:"));
            assertFalse(peer.channel.isOpen());
        }
    }

    @Test
    void releasesEverythingWhenTheConnectionIsLost() {
        try (AmqpPeer peer = new AmqpPeer(hub).open()) {
            assertEquals(200, peer.claim("token:d"));
            peer.sender("/devices/d/messages/events");
            peer.receiver("/devices/d/messages/devicebound", 10);
            assertEquals(1, hub.present.size());
            assertEquals(1, hub.receivers.size());
            peer.channel.close();
            assertTrue(hub.present.isEmpty());
            assertTrue(hub.receivers.isEmpty());
        }
    }
}
