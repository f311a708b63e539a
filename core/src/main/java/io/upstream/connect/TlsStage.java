// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.net.IDN;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * TLS to the hub. The name that is verified and sent as SNI is the hub's, also through a proxy; verification cannot be switched off,
 * neither here nor by a system property (RFC 2818, RFC 6066).
 */
public final class TlsStage implements ConnectStage {
    private final SslContext context;
    private final HostPort target;
    private final Executor tasks;

    /**
     * Prepares one handshake.
     *
     * @param tasks where the engine's slow steps run, off the event loop
     */
    public TlsStage(SslContext context, HostPort target, Executor tasks) {
        this.context = context;
        this.target = target;
        this.tasks = tasks;
    }

    @Override
    public String name() {
        return "tls";
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        SslHandler handler;
        try {
            handler = context.newHandler(channel.alloc(), asciiHost(), target.port(), tasks);
            insistOnTheName(handler.engine());
        } catch (IllegalArgumentException e) {
            return CompletableFuture.failedFuture(UpstreamException.of(
                    FailureKind.CONFIGURATION,
                    where,
                    "TLS cannot ask " + where.hop() + " for that name ("
                            + Failures.printable(String.valueOf(e.getMessage()))
                            + "): reach it by a name of letters, digits and hyphens",
                    e));
        }
        handler.setHandshakeTimeoutMillis(0); // the attempt's deadline is the only one, and names this stage
        CompletableFuture<Void> established = new CompletableFuture<>();
        handler.handshakeFuture().addListener(done -> {
            if (done.isSuccess()) {
                established.complete(null);
            } else {
                established.completeExceptionally(Failures.translate(done.cause(), where));
            }
        });
        PipelineNames.append(channel.pipeline(), PipelineNames.TLS, handler);
        PipelineNames.append(channel.pipeline(), PipelineNames.TLS_RECORDS, new TlsRecords(handler));
        return established;
    }

    /** Set on the engine itself: a context's default can be changed by a system property, and JSSE sends no SNI for a bare name. */
    private void insistOnTheName(SSLEngine engine) {
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        String host = asciiHost();
        if (!NetUtil.isValidIpV4Address(host) && !NetUtil.isValidIpV6Address(host)) {
            parameters.setServerNames(List.of(new SNIHostName(host)));
        }
        engine.setSSLParameters(parameters);
    }

    private String asciiHost() {
        String host = target.host();
        if (host.indexOf(':') >= 0) {
            return host;
        }
        return IDN.toASCII(host.endsWith(".") ? host.substring(0, host.length() - 1) : host);
    }
}
