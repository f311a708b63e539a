// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.channel.Channel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Has an HTTP proxy open a tunnel to the hub (RFC 9110 section 9.3.6): one CONNECT, with Basic credentials unasked if there are some.
 * Any 2xx completes it; from then on the connection belongs to the layers above. Fails with
 *
 * <ul>
 *   <li>{@link FailureKind#PROXY_AUTH} for 407, and for 401, which some proxies answer instead;
 *   <li>{@link FailureKind#PROXY_DENIED} for every other refusal: 3xx (never followed), 4xx, 501, 511;
 *   <li>{@link FailureKind#PROXY_UNREACHABLE} for 502, 503 and 504, {@link FailureKind#SERVER_ERROR} for other 5xx, {@link
 *       FailureKind#TIMEOUT} for 408, {@link FailureKind#THROTTLED} for 429;
 *   <li>{@link FailureKind#PROTOCOL} for what is no HTTP/1 answer, is larger than 32 KiB, comes before the request or has bytes behind
 *       it;
 *   <li>{@link FailureKind#CLOSED_BY_PEER} or {@link FailureKind#RESET} if the proxy leaves;
 *   <li>{@link FailureKind#CONFIGURATION} if the target or the credentials cannot be expressed.
 * </ul>
 */
@SuppressWarnings("exports") // for our own modules, which see the stage contract
public final class TunnelStage implements ConnectStage {
    private final ProxyServer proxy;
    private final HostPort target;

    /** Prepares one tunnel through {@code proxy} to {@code target}. */
    public TunnelStage(ProxyServer proxy, HostPort target) {
        this.proxy = proxy;
        this.target = target;
    }

    @Override
    public String name() {
        return "tunnel";
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        CompletableFuture<Void> established = new CompletableFuture<>();
        try {
            ConnectRequest request = new ConnectRequest(target);
            String authorization = authorization();
            TunnelFailures failures = new TunnelFailures(where, target, authorization);
            PipelineNames.append(
                    channel.pipeline(),
                    PipelineNames.TUNNEL,
                    new TunnelHandler(request.head(authorization), failures, established));
        } catch (IllegalArgumentException e) {
            established.completeExceptionally(
                    UpstreamException.of(FailureKind.CONFIGURATION, where, String.valueOf(e.getMessage()), e));
        }
        return established;
    }

    private String authorization() {
        UserPassword credentials = proxy.authentication().userPassword();
        return credentials == null
                ? ""
                : new BasicScheme()
                        .begin(new TunnelRequest(proxy, target.toString()), credentials)
                        .unasked()
                        .orElse("");
    }
}
