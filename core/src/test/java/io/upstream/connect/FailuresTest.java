// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslClosedEngineException;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.io.IOException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FailuresTest {
    private static final Where WHERE = new Where("mqtt", "hub h:8883");

    static Stream<Arguments> endsOfAConnectionThatWasUp() {
        return Stream.of(
                Arguments.of(new SocketException("Connection reset"), FailureKind.RESET),
                Arguments.of(new IOException("Broken pipe"), FailureKind.RESET),
                Arguments.of(new IOException("recvAddress(..) failed: Connection timed out"), FailureKind.TIMEOUT),
                Arguments.of(new NoRouteToHostException("No route to host"), FailureKind.UNREACHABLE),
                Arguments.of(new ClosedChannelException(), FailureKind.CLOSED_BY_PEER),
                Arguments.of(new SslClosedEngineException("SSLEngine closed already"), FailureKind.CLOSED_BY_PEER),
                Arguments.of(new DecoderException(new SSLException("bad record MAC")), FailureKind.RESET),
                Arguments.of(new IllegalStateException("odd"), FailureKind.INTERNAL));
    }

    @ParameterizedTest
    @MethodSource("endsOfAConnectionThatWasUp")
    void blamesNeitherPortNorCertificateForTheLossOfAConnection(Throwable error, FailureKind kind) {
        UpstreamException lost = Failures.lost(error, WHERE);

        assertEquals(kind, lost.kind());
        assertEquals(kind != FailureKind.INTERNAL, lost.isTransient());
        assertTrue(lost.getMessage().contains("hub h:8883"), lost.getMessage());
        for (String advice : List.of("port speaks", "certificate", "check host and port")) {
            assertFalse(lost.getMessage().contains(advice), lost.getMessage());
        }
    }

    @Test
    void leavesWhatIsKnownAsItIs() {
        UpstreamException known = UpstreamException.of(FailureKind.KICKED, WHERE, "somebody else came");
        assertSame(known, Failures.lost(new DecoderException(known), WHERE));
        assertSame(known, Failures.translate(new DecoderException(known), WHERE));
    }

    /** As Netty's SslHandler fails when the socket is gone that it writes its handshake to. */
    static Stream<Arguments> endsOfAConnectionBelowTls() {
        return Stream.of(
                Arguments.of(new SocketException("Connection reset"), FailureKind.RESET),
                Arguments.of(new IOException("Broken pipe"), FailureKind.RESET),
                Arguments.of(new ClosedChannelException(), FailureKind.CLOSED_BY_PEER));
    }

    @ParameterizedTest
    @MethodSource("endsOfAConnectionBelowTls")
    void doesNotBlameTlsForAConnectionThatBreaksWhileItIsMade(IOException below, FailureKind kind) {
        SSLException error = new SSLException("failure when writing TLS control frames", below);
        UpstreamException failed = Failures.translate(error, WHERE);
        assertEquals(kind, failed.kind());
        assertTrue(failed.isTransient());
    }

    @Test
    void blamesTlsForItsOwnFailures() {
        SSLException error = new SSLException("bad record", new SSLException("no common suite"));
        assertEquals(FailureKind.TLS_OTHER, Failures.translate(error, WHERE).kind());
    }

    @Test
    void advisesToCheckThePortWhileAConnectionIsMade() {
        UpstreamException failed = Failures.translate(new SocketException("Connection reset"), WHERE);
        assertEquals(FailureKind.RESET, failed.kind());
        assertTrue(failed.getMessage().contains("check that this port speaks the chosen protocol"));
    }
}
