// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.ArrayList;
import java.util.List;

/** Those on one line that are not over. Confined to the event loop. */
public final class Probes {
    /** Whoever asks more often than the peer answers learns nothing new. */
    static final int MOST = 16;

    private final List<Probe> open = new ArrayList<>(1);

    /** None yet. */
    public Probes() {}

    /** Takes one in; fails it if there are too many. */
    public void add(Probe probe) {
        open.removeIf(Probe::isOver);
        if (open.size() < MOST) {
            open.add(probe);
        } else {
            probe.fail(UpstreamException.of(
                    FailureKind.OUTBOX_FULL, Where.here("probe"), MOST + " probes wait for an answer: wait for them"));
        }
    }

    /** Fails all. */
    public void fail(UpstreamException cause) {
        List<Probe> all = List.copyOf(open);
        open.clear();
        all.forEach(each -> each.fail(cause));
    }
}
