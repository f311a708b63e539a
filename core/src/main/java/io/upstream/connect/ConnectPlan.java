// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException.Where;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The layers of one connection, in order: a value, printed in logs. The four protocols are four of these.
 *
 * @param target the hub, whose name is not resolved here when there is a proxy
 * @param route what the socket is opened to
 * @param peer what the target is, for people
 */
public record ConnectPlan(HostPort target, Route route, List<ConnectStage> stages, String peer) {
    static final String RESOLVE = "resolve";
    static final String TCP = "tcp";
    private static final Set<String> AT_FIRST_HOP = Set.of(RESOLVE, TCP, "proxy-tls", "tunnel");

    public ConnectPlan {
        stages = List.copyOf(stages);
    }

    public static ConnectPlan to(HostPort target) {
        return new ConnectPlan(target, Route.DIRECT, List.of(), "hub");
    }

    /** Opens the socket to {@code server} and has {@code layers} reach the target from there; must come before all other layers. */
    public ConnectPlan through(ProxyServer server, List<ConnectStage> layers) {
        if (!stages.isEmpty()) {
            throw new IllegalStateException("the tunnel must be the first layer, after " + this);
        }
        return new ConnectPlan(target, server, layers, peer);
    }

    /** Adds a layer above the others. */
    public ConnectPlan then(ConnectStage stage) {
        List<ConnectStage> more = new ArrayList<>(stages);
        more.add(stage);
        return new ConnectPlan(target, route, more, peer);
    }

    /** Has failures call the target by another name than {@code hub}. */
    public ConnectPlan calling(String name) {
        return new ConnectPlan(target, route, stages, name);
    }

    /** What the socket is opened to. */
    public HostPort firstHop() {
        return route instanceof ProxyServer proxy ? proxy.address() : target;
    }

    /** The place that a failure of {@code stage} is blamed on. */
    public Where where(String stage) {
        String hub = peer + " " + target;
        if (!(route instanceof ProxyServer proxy)) {
            return new Where(stage, hub);
        }
        return new Where(
                stage,
                AT_FIRST_HOP.contains(stage)
                        ? "proxy " + proxy.address()
                        : hub + " (through proxy " + proxy.address() + ")");
    }

    @Override
    public String toString() {
        return Stream.concat(Stream.of("tcp " + firstHop()), stages.stream().map(ConnectStage::name))
                .collect(Collectors.joining(" > "));
    }
}
