// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.Throttle;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Holds up at the hub what one device does until it is let go: nothing is answered meanwhile. */
final class Stall implements Throttle, AutoCloseable {
    private static final int SECONDS = 20;

    private final Site site;
    private final String device;
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);

    private Stall(Site site, String device) {
        this.site = site;
        this.device = device;
    }

    static Stall of(Site site, Subject subject) {
        Stall stall = new Stall(site, subject.device());
        site.hub.throttle(stall);
        return stall;
    }

    @Override
    public void admit(HubIdentity identity, Operation operation) {
        if (!identity.deviceId().equals(device)) {
            return;
        }
        reached.countDown();
        try {
            over.await(SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until something is held up. */
    void awaitReached() throws InterruptedException {
        if (!reached.await(SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("nothing came to the hub from " + device);
        }
    }

    void letGo() {
        over.countDown();
        site.hub.throttle(Throttle.NONE);
    }

    /** Lets go. */
    @Override
    public void close() {
        letGo();
    }
}
