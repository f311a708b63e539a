// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.ByteBuffer;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;

/** A client by BoringSSL and a server by the JDK with memory between them. */
final class TlsPair {
    private static final int ROOM = 1 << 16;

    /** More than any handshake takes. */
    private static final int TURNS = 20;

    /** BoringSSL takes no list for TLS 1.3; the JDK's side leaves no choice. */
    private static final List<String> CIPHER = List.of("TLS_AES_256_GCM_SHA384");

    private final SSLEngine client;
    private final SSLEngine server;

    TlsPair(ByteBufAllocator buffers) {
        try {
            X509Bundle certificate = new CertificateBuilder()
                    .subject("CN=localhost")
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
            client = SslContextBuilder.forClient()
                    .sslProvider(SslProvider.OPENSSL)
                    .protocols("TLSv1.3")
                    .trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .endpointIdentificationAlgorithm(null)
                    .build()
                    .newEngine(buffers);
            server = SslContextBuilder.forServer(
                            certificate.getKeyPair().getPrivate(), certificate.getCertificatePath())
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3")
                    .ciphers(CIPHER)
                    .build()
                    .newEngine(buffers);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    SSLEngine client() {
        return client;
    }

    SSLEngine server() {
        return server;
    }

    /** Until both have nothing more to say, session tickets included. */
    void shakeHands() throws SSLException {
        ByteBuffer toServer = ByteBuffer.allocateDirect(ROOM);
        ByteBuffer toClient = ByteBuffer.allocateDirect(ROOM);
        client.beginHandshake();
        server.beginHandshake();
        boolean moved = true;
        for (int turn = 0; turn < TURNS && (moved || isBusy(client) || isBusy(server)); turn++) {
            moved = speak(client, toServer);
            moved |= listen(server, toServer);
            moved |= speak(server, toClient);
            moved |= listen(client, toClient);
        }
        if (isBusy(client) || isBusy(server)) {
            throw new SSLException(
                    "the handshake ended at " + client.getHandshakeStatus() + " and " + server.getHandshakeStatus());
        }
    }

    private static boolean isBusy(SSLEngine engine) {
        HandshakeStatus status = engine.getHandshakeStatus();
        return status != HandshakeStatus.NOT_HANDSHAKING && status != HandshakeStatus.FINISHED;
    }

    private static boolean speak(SSLEngine engine, ByteBuffer out) throws SSLException {
        int before = out.position();
        while (runTasks(engine) == HandshakeStatus.NEED_WRAP) {
            engine.wrap(ByteBuffer.allocateDirect(0), out);
        }
        return out.position() > before;
    }

    private static boolean listen(SSLEngine engine, ByteBuffer in) throws SSLException {
        in.flip();
        int before = in.remaining();
        int last = -1;
        while (in.hasRemaining() && in.remaining() != last) {
            last = in.remaining();
            engine.unwrap(in, ByteBuffer.allocateDirect(ROOM));
            runTasks(engine);
        }
        boolean moved = in.remaining() < before;
        in.compact();
        return moved;
    }

    private static HandshakeStatus runTasks(SSLEngine engine) {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
        return engine.getHandshakeStatus();
    }
}
