// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.channel.Channel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.FreshConnection;
import io.upstream.connect.PeerClock;
import io.upstream.connect.PipelineNames;
import io.upstream.connect.StageLimit;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Has an HTTP proxy open a tunnel to the hub (RFC 9110 section 9.3.6). A 407 is answered over the same connection where that is possible,
 * else over another one. Any 2xx completes it; from then on the connection belongs to the layers above. Fails with
 *
 * <ul>
 *   <li>{@link FailureKind#PROXY_AUTH} for a 407 that has no answer here or goes on for ever, and for 401, which some proxies answer
 *       instead;
 *   <li>{@link FailureKind#PROXY_DENIED} for every other refusal: 3xx (never followed), 4xx, 501, 511;
 *   <li>{@link FailureKind#PROXY_UNREACHABLE} for 502, 503 and 504, {@link FailureKind#SERVER_ERROR} for other 5xx, {@link
 *       FailureKind#TIMEOUT} for 408 and for a proxy that does not answer, {@link FailureKind#THROTTLED} for 429;
 *   <li>{@link FailureKind#TIMEOUT} {@linkplain Where#here here} if our own provider of credentials, authenticator or KDC does not answer;
 *   <li>{@link FailureKind#PROTOCOL} for what is no HTTP/1 answer, is larger than 32 KiB, comes before the request or has bytes behind
 *       it;
 *   <li>{@link FailureKind#CLOSED_BY_PEER} or {@link FailureKind#RESET} if the proxy leaves;
 *   <li>{@link FailureKind#CONFIGURATION} if the target or the credentials cannot be expressed.
 * </ul>
 */
@SuppressWarnings("exports") // for our own modules, which see the stage contract
public final class TunnelStage implements ConnectStage {
    /** A proxy that resolves and connects first is often slow to begin with its answer. */
    private static final StageLimit LIMIT =
            StageLimit.ofSilence(Duration.ofSeconds(10), TunnelLimits.DEFAULT.exchange());

    private final ProxyServer proxy;
    private final HostPort target;
    private final ProxyMemory memory;
    private final TunnelLimits limits;
    private PeerClock clock = new PeerClock();
    private @Nullable Dialogue dialogue;
    private CompletableFuture<Void> latest = new CompletableFuture<>();

    /** What outlives a connection of the attempt. */
    private record Dialogue(ConnectRequest request, TunnelFailures failures, Negotiation negotiation) {}

    /** Prepares one tunnel through {@code proxy} to {@code target}; what the proxy accepts is known to all tunnels of {@code runtime}. */
    public TunnelStage(ProxyServer proxy, HostPort target, UpstreamRuntime runtime) {
        this(proxy, target, ProxyMemory.on(runtime), TunnelLimits.DEFAULT);
    }

    TunnelStage(ProxyServer proxy, HostPort target, ProxyMemory memory, TunnelLimits limits) {
        this.proxy = proxy;
        this.target = target;
        this.memory = memory;
        this.limits = limits;
    }

    @Override
    public String name() {
        return "tunnel";
    }

    @Override
    public StageLimit limit() {
        return LIMIT;
    }

    @Override
    public void begin(PeerClock clock) {
        this.clock = clock;
    }

    /** Completes with {@link FreshConnection} if the dialogue has to go on over another connection, for which it is called again. */
    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        CompletableFuture<Void> established = new CompletableFuture<>();
        latest = established;
        try {
            Dialogue now = dialogue;
            if (now == null) {
                now = dialogue(channel, where);
                dialogue = now;
            }
            PipelineNames.append(
                    channel.pipeline(),
                    PipelineNames.TUNNEL,
                    new TunnelHandler(now.request(), now.negotiation(), now.failures(), limits, clock, established));
        } catch (IllegalArgumentException e) {
            established.completeExceptionally(
                    UpstreamException.of(FailureKind.CONFIGURATION, where, String.valueOf(e.getMessage()), e));
        }
        return established;
    }

    /** A connection that was lost while we were at work has nobody else to tell. */
    @Override
    public void end() {
        latest.cancel(false);
        Dialogue over = dialogue;
        dialogue = null;
        if (over != null) {
            over.negotiation().close();
        }
    }

    private Dialogue dialogue(Channel channel, Where where) {
        ConnectRequest request = new ConnectRequest(target, proxy.headers());
        ProxyLogin.check(proxy); // else what is wrong here would show only once the proxy asks
        Excerpts excerpts = new Excerpts();
        TunnelFailures failures = new TunnelFailures(where, target, excerpts);
        ChallengeFailures refusals = new ChallengeFailures(where, excerpts);
        TunnelRequest asked = new TunnelRequest(proxy, request.authority());
        return new Dialogue(request, failures, new Negotiation(asked, memory, refusals, channel.eventLoop()));
    }
}
