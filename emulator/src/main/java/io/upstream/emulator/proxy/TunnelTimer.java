// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import io.netty.channel.EventLoop;
import io.upstream.emulator.proxy.Misbehaviour.CutAtAge;
import io.upstream.emulator.proxy.Misbehaviour.CutWhenIdle;
import io.upstream.emulator.proxy.Misbehaviour.DropWhenIdle;
import io.upstream.emulator.proxy.Misbehaviour.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What happens to one tunnel because time passes. Confined to its event loop. */
final class TunnelTimer {
    private final Faults faults;
    private final Consumer<Ending> cut;
    private final Runnable drop;
    private final List<Future<?>> alarms = new ArrayList<>();
    private long lastCarried;

    /** @param drop lets the tunnel go dead without a word */
    TunnelTimer(Faults faults, Consumer<Ending> cut, Runnable drop) {
        this.faults = faults;
        this.cut = cut;
        this.drop = drop;
    }

    void start(EventLoop loop) {
        lastCarried = System.nanoTime();
        CutAtAge aged = faults.find(CutAtAge.class);
        if (aged != null) {
            alarms.add(loop.schedule(() -> cut.accept(aged.ending()), aged.age().toNanos(), TimeUnit.NANOSECONDS));
        }
        CutWhenIdle idle = faults.find(CutWhenIdle.class);
        if (idle != null) {
            watch(loop, idle.limit(), () -> cut.accept(idle.ending()));
        }
        DropWhenIdle forgetful = faults.find(DropWhenIdle.class);
        if (forgetful != null) {
            watch(loop, forgetful.limit(), drop);
        }
    }

    /** Bytes went through. */
    void carried() {
        lastCarried = System.nanoTime();
    }

    void stop() {
        alarms.forEach(each -> each.cancel(false));
        alarms.clear();
    }

    private void watch(EventLoop loop, Duration limit, Runnable then) {
        long left = limit.toNanos() - (System.nanoTime() - lastCarried);
        if (left <= 0) {
            then.run();
        } else {
            alarms.removeIf(Future::isDone);
            alarms.add(loop.schedule(() -> watch(loop, limit, then), left, TimeUnit.NANOSECONDS));
        }
    }
}
