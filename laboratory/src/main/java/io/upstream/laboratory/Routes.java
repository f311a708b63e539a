// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.HostPort;
import io.upstream.ProxyChoice;
import io.upstream.Route;
import java.util.ArrayList;
import java.util.List;

/** The way to the hub, which can lead astray; tells when it is asked, which is when an attempt begins. Thread-safe. */
final class Routes implements ProxyChoice {
    private final Route normal;
    private final Runnable asked;
    private volatile List<Route> present;

    Routes(Route normal, Runnable asked) {
        this.normal = normal;
        this.asked = asked;
        this.present = List.of(normal);
    }

    void use(List<Route> others) {
        present = List.copyOf(others);
    }

    /** Another way first, then the normal one. */
    void before(Route other) {
        List<Route> both = new ArrayList<>();
        both.add(other);
        both.add(normal);
        use(both);
    }

    void beNormal() {
        use(List.of(normal));
    }

    @Override
    public List<Route> routesTo(HostPort target) {
        asked.run();
        return present;
    }
}
