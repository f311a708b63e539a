// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import io.upstream.ClientCertificate;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.net.IDN;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * TLS to the hub, or to a proxy below that. The name that is verified and sent as SNI is the hub's, also through a proxy, and the proxy's
 * own below; verification cannot be switched off, neither here nor by a system property (RFC 2818, RFC 6066). No protocol is offered to
 * choose from (RFC 7301), so one that is chosen all the same, such as {@code h2} by a proxy, fails the handshake.
 */
public final class TlsStage implements ConnectStage {
    private static final String TO_TARGET = "tls";
    private static final String TO_PROXY = "proxy-tls";

    private static final StageLimit LIMIT = StageLimit.of(Duration.ofSeconds(10));

    private final SslContext context;
    private final HostPort peer;
    private final Executor tasks;
    private final TlsTexts texts;

    private TlsStage(SslContext context, HostPort peer, Executor tasks, TlsTexts texts) {
        this.context = context;
        this.peer = peer;
        this.tasks = tasks;
        this.texts = texts;
    }

    /**
     * Prepares one handshake with {@code target}.
     *
     * @param tasks where the engine's slow steps run, off the event loop
     * @param showsCertificate whether the context has a certificate to show
     */
    static TlsStage toTarget(
            SslContext context, HostPort target, Executor tasks, Route route, boolean showsCertificate) {
        TlsTexts.Peer role = route instanceof ProxyServer ? TlsTexts.Peer.TARGET_BEHIND_PROXY : TlsTexts.Peer.TARGET;
        return new TlsStage(context, target, tasks, new TlsTexts(role, target.host(), showsCertificate));
    }

    /**
     * Prepares one handshake with a proxy of kind {@code https}, by the trust and the certificate that were given for it. May block on their
     * files.
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} or {@link FailureKind#TLS_EXPIRED} if these cannot be used
     */
    public static TlsStage toProxy(ProxyServer proxy, UpstreamRuntime runtime) throws UpstreamException {
        SharedTls shared = SharedTls.on(runtime);
        ClientCertificate certificate = proxy.certificate();
        SslContext context = certificate == null
                ? shared.contexts(proxy.trust()).current()
                : shared.contexts(proxy.trust(), certificate).current(certificate);
        HostPort address = proxy.address();
        return new TlsStage(
                context,
                address,
                runtime.blocking(),
                new TlsTexts(TlsTexts.Peer.PROXY, address.host(), certificate != null));
    }

    private boolean isToProxy() {
        return texts.peer() == TlsTexts.Peer.PROXY;
    }

    @Override
    public String name() {
        return isToProxy() ? TO_PROXY : TO_TARGET;
    }

    @Override
    public StageLimit limit() {
        return LIMIT;
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        SslHandler handler;
        try {
            handler = context.newHandler(channel.alloc(), asciiHost(), peer.port(), tasks);
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
        handler.setHandshakeTimeoutMillis(0); // the limit of this stage is the only one, and names it
        ChannelPipeline pipeline = channel.pipeline();
        CompletableFuture<Void> established = new CompletableFuture<>();
        FirstBytes heard = new FirstBytes(first -> established.completeExceptionally(
                texts.translate(new NotSslRecordException("no handshake and no alert"), where, first)));
        handler.handshakeFuture().addListener(done -> {
            if (pipeline.context(heard) != null) {
                pipeline.remove(heard);
            }
            if (done.isSuccess()) {
                established.complete(null);
            } else {
                established.completeExceptionally(texts.translate(done.cause(), where, heard.printable()));
            }
        });
        PipelineNames.append(pipeline, PipelineNames.TLS_FIRST_BYTES, heard);
        PipelineNames.append(pipeline, isToProxy() ? PipelineNames.PROXY_TLS : PipelineNames.TLS, handler);
        if (!isToProxy()) {
            PipelineNames.append(pipeline, PipelineNames.TLS_RECORDS, new TlsRecords(handler));
        }
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
        String host = peer.host();
        if (host.indexOf(':') >= 0) {
            return host;
        }
        return IDN.toASCII(host.endsWith(".") ? host.substring(0, host.length() - 1) : host);
    }
}
