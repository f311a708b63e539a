// SPDX-License-Identifier: Apache-2.0
package io.upstream.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.upstream.Identity;
import io.upstream.Phase;
import io.upstream.SessionStatistics;
import io.upstream.TransportStatistics;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import java.util.function.Consumer;

/**
 * The numbers of a transport, or of one session, as meters. The tag {@code protocol} tells what is spoken; no meter of a transport tells
 * whose it is, since thousands of devices would be thousands of meters: whoever wants that for one binds its session.
 *
 * <pre>
 *   UpstreamMetrics.of(transport).bindTo(registry);
 * </pre>
 *
 * <p>The meters go when the transport or the session is closed. They do not keep it alive, and keep the last numbers if it is forgotten
 * without being closed. Two transports that are bound to one registry need tags to tell them apart. <b>Threads:</b> any.
 */
public final class UpstreamMetrics implements MeterBinder {
    private final Consumer<Binding> meters;
    private final Tags tags;

    /** Where a set of meters goes. */
    private record Binding(MeterRegistry registry, Tags tags) {}

    private UpstreamMetrics(Consumer<Binding> meters, Tags tags) {
        this.meters = meters;
        this.tags = tags;
    }

    /** Of all sessions and connections of a transport together, for each of its protocols. */
    public static UpstreamMetrics of(UpstreamTransport transport) {
        return new UpstreamMetrics(binding -> bind(transport, binding), Tags.empty());
    }

    /** Of one session, with the tags {@code device} and {@code module}, which is empty for a device. */
    public static UpstreamMetrics of(UpstreamSession session) {
        return new UpstreamMetrics(binding -> bind(session, binding), Tags.empty());
    }

    /** Gives all meters further tags. */
    public UpstreamMetrics tags(Iterable<Tag> more) {
        return new UpstreamMetrics(meters, tags.and(more));
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.accept(new Binding(registry, tags));
    }

    private static void bind(UpstreamTransport transport, Binding binding) {
        Readings<UpstreamTransport, TransportStatistics> readings =
                new Readings<>(transport, UpstreamTransport::statistics);
        for (UpstreamProtocol protocol : readings.now().protocols().keySet()) {
            MeterSet<TransportStatistics> set =
                    new MeterSet<>(binding.registry(), readings, binding.tags().and(tag(protocol)));
            new WireMeters(set, protocol).register();
            new SessionMeters<>(set, numbers -> sessions(numbers, protocol)).register();
            transport.whenClosed().thenRun(set::remove);
        }
    }

    private static SessionStatistics sessions(TransportStatistics numbers, UpstreamProtocol protocol) {
        var found = numbers.protocols().get(protocol);
        return found == null ? SessionStatistics.NONE : found.sessions();
    }

    private static void bind(UpstreamSession session, Binding binding) {
        Identity identity = session.identity();
        String module = identity.moduleId();
        Tags whose = Tags.of("device", identity.deviceId(), "module", module == null ? "" : module);
        MeterSet<SessionStatistics> set = new MeterSet<>(
                binding.registry(),
                new Readings<>(session, UpstreamSession::statistics),
                binding.tags().and(tag(session.protocol())).and(whose));
        new SessionMeters<>(set, numbers -> numbers).register();
        session.onStatus(status -> {
            if (status.phase() == Phase.CLOSED) {
                set.remove();
            }
        });
    }

    private static Tags tag(UpstreamProtocol protocol) {
        return Tags.of("protocol", protocol.wireName());
    }
}
