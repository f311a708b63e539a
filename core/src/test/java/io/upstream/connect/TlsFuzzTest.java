// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Records that no TLS server sends (CVE-2025-24970): the handshake fails or waits for more, and nothing else happens. */
@ParameterizedClass
@EnumSource(
        value = SslProvider.class,
        names = {"OPENSSL", "JDK"})
class TlsFuzzTest {
    private static final int MUTANTS = 40;
    private static final Map<SslProvider, TlsContexts> CONTEXTS = new EnumMap<>(SslProvider.class);
    private static SSLContext server;

    @Parameter
    SslProvider provider;

    @BeforeAll
    static void issue() throws Exception {
        X509Bundle certificate = new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject("CN=hub")
                .addSanDnsName("localhost")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        SystemRoots system = new SystemRoots();
        for (SslProvider each : new SslProvider[] {SslProvider.OPENSSL, SslProvider.JDK}) {
            CONTEXTS.put(each, new TlsContexts(Trust.system(), system, each, System::nanoTime));
        }
        server = SSLContext.getInstance("TLS");
        server.init(certificate.toKeyManagerFactory().getKeyManagers(), null, null);
    }

    /** A client that has said its hello. */
    private static final class Client implements AutoCloseable {
        private final EmbeddedChannel channel = new EmbeddedChannel();
        private final CompletableFuture<Void> established;

        private Client(TlsContexts contexts) throws UpstreamException {
            TlsStage tls = TlsStage.toTarget(
                    contexts.current(), new HostPort("localhost", 8_883), Runnable::run, Route.DIRECT, false);
            established = tls.establish(channel, new Where("tls", "hub localhost:8883"))
                    .toCompletableFuture();
        }

        private byte[] hello() {
            ByteBuf all = Unpooled.buffer();
            for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
                all.writeBytes(part);
                part.release();
            }
            return ByteBufUtil.getBytes(all);
        }

        private void hears(byte[] bytes) {
            channel.writeInbound(Unpooled.directBuffer(bytes.length + 1).writeBytes(bytes));
            channel.runPendingTasks();
        }

        private void assertFailedOrWaits() {
            if (established.isDone()) {
                Throwable error = established.handle((done, failure) -> failure).join();
                Throwable cause = error instanceof CompletionException ? error.getCause() : error;
                assertTrue(cause instanceof UpstreamException, String.valueOf(cause));
            }
        }

        @Override
        public void close() {
            try {
                channel.finishAndReleaseAll();
            } catch (Exception e) {
                assertTrue(established.isDone(), "an error that nobody was told: " + e);
            }
            channel.releaseInbound();
            channel.releaseOutbound();
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "an empty handshake record, 1603030000",
        "a hundred empty handshake records, R1603030000",
        "an empty record of data, 1703030000",
        "a record of the greatest length, 160303FFFF",
        "a record a byte too long, 1603034101",
        "an alert cut in two, 150303000102",
        "an alert of three bytes, 1503030003022800",
        "a change of cipher before everything, 140303000101",
        "a hello of no length, 160303000402000000",
        "a hello that says it has 16 MiB, 160303000402FFFFFF",
        "a hello of SSL 2, 802E0100020015000000100100800200800300800400800500800600400700C0",
        "a record of no version, 160000000402000000",
        "a record of no type, 000303000402000000",
        "a heartbeat, 180303000701FFFF00000000",
        "five zeros, 0000000000",
        "a finished at once, 160303001014000000000000000000000000000000",
        "a request for another hello that never ends, R160303000400000000",
    })
    void takesNoHarmFrom(String what, String hex) throws Exception {
        byte[] record = HexFormat.of().parseHex(hex.replace("R", ""));
        TlsContexts contexts = CONTEXTS.get(provider);
        for (int cut = 0; cut <= 1; cut++) {
            try (Client client = new Client(contexts)) {
                client.hello();
                for (int i = hex.startsWith("R") ? 100 : 1; i > 0 && client.channel.isOpen(); i--) {
                    if (cut == 0) {
                        client.hears(record);
                    } else {
                        client.hears(Arrays.copyOf(record, record.length / 2));
                        client.hears(Arrays.copyOfRange(record, record.length / 2, record.length));
                    }
                }
                client.assertFailedOrWaits();
            } catch (Exception e) {
                assertEquals(DecoderException.class, e.getClass(), e.toString());
            }
        }
    }

    @Test
    void takesNoHarmFromMutantsOfAServersFirstFlight() throws Exception {
        SplittableRandom random = new SplittableRandom(7);
        TlsContexts contexts = CONTEXTS.get(provider);
        for (int i = 0; i < MUTANTS; i++) {
            try (Client client = new Client(contexts)) {
                byte[] flight = answer(client.hello());
                for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                    // in the clear are the first hundred bytes only
                    flight[random.nextInt(random.nextBoolean() ? 100 : flight.length)] = (byte) random.nextInt(256);
                }
                client.hears(Arrays.copyOf(flight, random.nextInt(flight.length)));
                client.assertFailedOrWaits();
            } catch (DecoderException e) {
                assertTrue(e.getCause() instanceof SSLException, String.valueOf(e.getCause()));
            }
        }
    }

    /** What a server says to {@code hello}, as far as it can without hearing more. */
    private static byte[] answer(byte[] hello) throws Exception {
        SSLEngine engine = server.createSSLEngine();
        engine.setUseClientMode(false);
        engine.beginHandshake();
        engine.unwrap(ByteBuffer.wrap(hello), ByteBuffer.allocate(1 << 15));
        ByteBuffer flight = ByteBuffer.allocate(1 << 16);
        while (true) {
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> engine.getDelegatedTask().run();
                case NEED_WRAP -> engine.wrap(ByteBuffer.allocate(0), flight);
                default -> {
                    return Arrays.copyOf(flight.array(), flight.position());
                }
            }
        }
    }
}
