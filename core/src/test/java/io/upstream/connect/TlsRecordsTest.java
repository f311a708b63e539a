// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UpstreamRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TlsRecordsTest {
    private static final Map<String, TlsContexts> CONTEXTS = new HashMap<>();
    private static X509Bundle certificate;

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();

    @BeforeAll
    static void issue(@TempDir Path directory) throws Exception {
        CertificateBuilder builder = new CertificateBuilder().algorithm(Algorithm.ecp256);
        X509Bundle root =
                builder.subject("CN=CA").setIsCertificateAuthority(true).buildSelfSigned();
        certificate = new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject("CN=hub")
                .addSanDnsName("localhost")
                .buildIssuedBy(root);
        Trust trust = Trust.systemAnd(Files.writeString(directory.resolve("roots.pem"), root.getCertificatePEM()));
        for (SslProvider provider : List.of(SslProvider.OPENSSL, SslProvider.JDK)) {
            TlsContexts contexts = new TlsContexts(trust, new SystemRoots(), provider, System::nanoTime);
            contexts.current();
            CONTEXTS.put(provider.name(), contexts);
        }
    }

    @AfterEach
    void close() {
        runtime.close();
    }

    /** The buffers of one flush, and the records they must leave in. */
    static Stream<Object[]> flushes() {
        List<Object[]> rows = new ArrayList<>();
        for (String version : List.of("TLSv1.3", "TLSv1.2")) {
            for (String provider : List.of("OPENSSL", "JDK")) {
                rows.add(new Object[] {provider, version, "one small buffer", new int[] {64}, 1});
                rows.add(new Object[] {provider, version, "two small buffers", new int[] {64, 300}, 1});
                rows.add(new Object[] {provider, version, "a hundred acknowledgements", ofSize(100, 4), 1});
                rows.add(new Object[] {provider, version, "a batch", new int[] {16_200}, 1});
                rows.add(new Object[] {provider, version, "batches", ofSize(16, 16_200), 16});
                rows.add(new Object[] {provider, version, "batches and a rest", new int[] {16_300, 16_000, 8_000}, 3});
            }
            rows.add(new Object[] {"OPENSSL", version, "a full batch", new int[] {TlsRecords.LIMIT}, 1});
            rows.add(new Object[] {"OPENSSL", version, "a header and a large payload", new int[] {100, 65_436}, 4});
        }
        return rows.stream();
    }

    private static int[] ofSize(int count, int size) {
        int[] sizes = new int[count];
        Arrays.fill(sizes, size);
        return sizes;
    }

    @ParameterizedTest(name = "{0} {1}: {2}")
    @MethodSource("flushes")
    void fillsRecords(String provider, String version, String name, int[] buffers, int expected) throws Exception {
        try (TlsPeer peer = new TlsPeer(certificate, version)) {
            CompletableFuture<SSLSocket> accepted = peer.accept();
            Channel channel = connect(peer, CONTEXTS.get(provider));
            Records records = new Records();
            channel.pipeline().addFirst(records);

            byte[] sent = new byte[Arrays.stream(buffers).sum()];
            new SplittableRandom(1).nextBytes(sent);
            channel.eventLoop().submit(() -> writeAll(channel, sent, buffers)).sync();
            byte[] received =
                    accepted.get(20, TimeUnit.SECONDS).getInputStream().readNBytes(sent.length);

            assertArrayEquals(sent, received);
            assertEquals(
                    expected, channel.eventLoop().submit(() -> records.seen).get());
            channel.close().sync();
            accepted.get().close();
        }
    }

    private static void writeAll(Channel channel, byte[] bytes, int[] sizes) {
        int at = 0;
        for (int size : sizes) {
            channel.write(channel.alloc().directBuffer(size).writeBytes(bytes, at, size), channel.voidPromise());
            at += size;
        }
        channel.flush();
    }

    private Channel connect(TlsPeer peer, TlsContexts contexts) throws Exception {
        HostPort hub = new HostPort("localhost", peer.port());
        return ConnectAttempt.start(
                        runtime,
                        Duration.ofSeconds(20),
                        () -> ConnectPlan.to(hub)
                                .then(TlsStage.toTarget(
                                        contexts.current(), hub, runtime.blocking(), Route.DIRECT, false))
                                .then(new FirstByte()))
                .outcome()
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
    }

    /** Counts the records that come down to the socket; each buffer begins with one. */
    private static final class Records extends ChannelOutboundHandlerAdapter {
        private int seen;

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ByteBuf buffer = (ByteBuf) message;
            int at = buffer.readerIndex();
            while (at < buffer.writerIndex()) {
                seen++;
                at += 5 + buffer.getUnsignedShort(at + 3);
            }
            assertEquals(buffer.writerIndex(), at);
            ctx.write(message, promise);
        }
    }
}
