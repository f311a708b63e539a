// SPDX-License-Identifier: Apache-2.0
package io.upstream.micrometer;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Registers meters with tags in common and removes them again. Micrometer keeps what a meter reads from weakly, so the functions that it
 * keeps strongly hold the {@link Readings}, which hold the transport weakly.
 *
 * @param <N> what the meters read
 */
final class MeterSet<N> {
    private final MeterRegistry registry;
    private final Readings<?, N> readings;
    private final Tags tags;
    private final List<Meter> meters = new ArrayList<>();

    MeterSet(MeterRegistry registry, Readings<?, N> readings, Tags tags) {
        this.registry = registry;
        this.readings = readings;
        this.tags = tags;
    }

    void counter(String name, String unit, String what, Tags more, ToLongFunction<N> value) {
        meters.add(FunctionCounter.builder(name, readings, on(numbers -> (double) value.applyAsLong(numbers)))
                .baseUnit(unit)
                .description(what)
                .tags(tags.and(more))
                .register(registry));
    }

    /** Adds up a time, in seconds. */
    void seconds(String name, String what, Function<N, Duration> value) {
        meters.add(FunctionCounter.builder(name, readings, on(numbers -> seconds(value.apply(numbers))))
                .baseUnit("seconds")
                .description(what)
                .tags(tags)
                .register(registry));
    }

    void gauge(String name, @Nullable String unit, String what, Tags more, ToLongFunction<N> value) {
        meters.add(Gauge.builder(name, readings, on(numbers -> (double) value.applyAsLong(numbers)))
                .baseUnit(unit)
                .description(what)
                .tags(tags.and(more))
                .register(registry));
    }

    /** NaN for null. */
    void duration(String name, String what, Tags more, Function<N, @Nullable Duration> value) {
        meters.add(TimeGauge.builder(name, readings, TimeUnit.SECONDS, on(numbers -> {
                    Duration present = value.apply(numbers);
                    return present == null ? Double.NaN : seconds(present);
                }))
                .description(what)
                .tags(tags.and(more))
                .register(registry));
    }

    void timer(String name, String what, Tags more, ToLongFunction<N> count, Function<N, Duration> total) {
        Readings<?, N> kept = readings;
        meters.add(FunctionTimer.builder(
                        name,
                        readings,
                        unused -> count.applyAsLong(kept.now()),
                        on(numbers -> seconds(total.apply(numbers))),
                        TimeUnit.SECONDS)
                .description(what)
                .tags(tags.and(more))
                .register(registry));
    }

    private ToDoubleFunction<Object> on(ToDoubleFunction<N> value) {
        Readings<?, N> kept = readings;
        return unused -> value.applyAsDouble(kept.now());
    }

    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }

    void remove() {
        meters.forEach(registry::remove);
        meters.clear();
    }
}
