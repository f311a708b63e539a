// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One way to the target: what the socket is opened to, the layers that lead from there to the target, and those that are spoken with the
 * target. A value. The layers with the target may be shared by several ways, since only one way ever gets that far.
 *
 * @param towards layers with a proxy, from the wire up; none for {@link Route#DIRECT}
 * @param with layers with the target, from the wire up
 */
public record Way(Route route, List<ConnectStage> towards, List<ConnectStage> with) {

    public Way {
        towards = List.copyOf(towards);
        with = List.copyOf(with);
    }

    /** Straight to the target. */
    public static Way direct() {
        return new Way(Route.DIRECT, List.of(), List.of());
    }

    /** Through {@code server}, from which {@code layers} lead to the target. */
    public static Way through(ProxyServer server, List<ConnectStage> layers) {
        return new Way(server, layers, List.of());
    }

    /** Adds a layer above the others. */
    public Way then(ConnectStage stage) {
        List<ConnectStage> more = new ArrayList<>(with);
        more.add(stage);
        return new Way(route, towards, more);
    }

    /** All layers in order. */
    List<ConnectStage> stages() {
        return Stream.concat(towards.stream(), with.stream()).toList();
    }

    HostPort firstHop(HostPort target) {
        return route instanceof ProxyServer proxy ? proxy.address() : target;
    }

    /**
     * Whether another way may do better after {@code failure}, which happened before the target was reached: a first hop that cannot be
     * reached or cannot reach the target is passed by, one that refuses is not, nor one that is not what it was said to be.
     */
    static boolean isPassedBy(UpstreamException failure) {
        FailureKind kind = failure.kind();
        return switch (kind) {
            case TIMEOUT,
                    UNREACHABLE,
                    REFUSED,
                    RESET,
                    DNS,
                    CLOSED_BY_PEER,
                    PROXY_UNREACHABLE,
                    TLS_TRUST,
                    TLS_NAME,
                    TLS_EXPIRED,
                    TLS_OTHER -> true;
            default -> false;
        };
    }

    String print(HostPort target) {
        return Stream.concat(
                        Stream.of("tcp " + firstHop(target)), stages().stream().map(ConnectStage::name))
                .collect(Collectors.joining(" > "));
    }
}
