// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.HostPort;
import io.upstream.ProxyChoice;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException.Where;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The layers of one connection, in order: a value, printed in logs. The four protocols are four of these.
 *
 * @param target the hub, whose name is not resolved here when there is a proxy
 * @param ways at least one, tried in this order
 * @param choice what the ways were chosen by: it is told which of them failed
 * @param peer what the target is, for people
 */
public record ConnectPlan(HostPort target, List<Way> ways, ProxyChoice choice, String peer) {
    static final String RESOLVE = "resolve";
    static final String TCP = "tcp";

    public ConnectPlan {
        ways = List.copyOf(ways);
        if (ways.isEmpty()) {
            throw new IllegalArgumentException("no way to " + target);
        }
    }

    /** Straight to {@code target}. */
    public static ConnectPlan to(HostPort target) {
        return to(target, List.of(Way.direct()), ProxyChoice.DIRECT);
    }

    /** By the first of several ways that leads to {@code target}. */
    public static ConnectPlan to(HostPort target, List<Way> ways, ProxyChoice choice) {
        return new ConnectPlan(target, ways, choice, "hub");
    }

    /** Opens the socket to {@code server} and has {@code layers} reach the target from there; must come before all other layers. */
    public ConnectPlan through(ProxyServer server, List<ConnectStage> layers) {
        if (!ways.equals(List.of(Way.direct()))) {
            throw new IllegalStateException("the tunnel must be the first layer, after " + this);
        }
        return new ConnectPlan(target, List.of(Way.through(server, layers)), choice, peer);
    }

    /** Adds a layer above the others, whichever way is taken. */
    public ConnectPlan then(ConnectStage stage) {
        return new ConnectPlan(target, ways.stream().map(way -> way.then(stage)).toList(), choice, peer);
    }

    /** Has failures call the target by another name than {@code hub}. */
    public ConnectPlan calling(String name) {
        return new ConnectPlan(target, ways, choice, name);
    }

    /** The place that a failure in {@code stage} of {@code way} is blamed on. */
    Where where(Way way, String stage) {
        String hub = peer + " " + target;
        if (!(way.route() instanceof ProxyServer proxy)) {
            return new Where(stage, hub);
        }
        boolean atFirstHop = stage.equals(RESOLVE)
                || stage.equals(TCP)
                || way.towards().stream().anyMatch(layer -> layer.name().equals(stage));
        return new Where(
                stage, atFirstHop ? "proxy " + proxy.address() : hub + " (through proxy " + proxy.address() + ")");
    }

    @Override
    public String toString() {
        return ways.stream().map(way -> way.print(target)).collect(Collectors.joining(" | "));
    }
}
