// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The newest requests, oldest first. Thread-safe. */
final class AccessLog {
    static final int CAPACITY = 10_000;

    private final int capacity;
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();

    AccessLog(int capacity) {
        this.capacity = capacity;
    }

    synchronized Entry add(InetSocketAddress client, String target, @Nullable String user, int status) {
        if (entries.size() == capacity) {
            entries.removeFirst();
        }
        Entry entry = new Entry(Instant.now(), client, target, user, status);
        entries.addLast(entry);
        return entry;
    }

    synchronized List<AccessRecord> snapshot() {
        return entries.stream().map(Entry::record).toList();
    }

    /** A request whose tunnel may still carry bytes. Written by one event loop, read by any thread. */
    static final class Entry {
        final AtomicLong up = new AtomicLong();
        final AtomicLong down = new AtomicLong();
        private final Instant time;
        private final InetSocketAddress client;
        private final String target;
        private final @Nullable String user;
        private final int status;
        private volatile boolean live;

        private Entry(Instant time, InetSocketAddress client, String target, @Nullable String user, int status) {
            this.time = time;
            this.client = client;
            this.target = target;
            this.user = user;
            this.status = status;
        }

        void opened() {
            live = true;
        }

        void closed() {
            live = false;
        }

        private AccessRecord record() {
            return new AccessRecord(time, client, target, user, status, up.get(), down.get(), live);
        }
    }
}
