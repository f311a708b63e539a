// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.UpstreamRuntime;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * In which order the addresses of a name are tried: the families take turns (RFC 8305 section 4), so that a family that does not work here
 * costs one delay and not one for each of its addresses. The family that won last begins, for ten minutes; else IPv6, unless the system
 * properties {@code java.net.preferIPv4Stack} or {@code java.net.preferIPv6Addresses} say otherwise. Thread-safe.
 */
public final class AddressOrder {
    static final Duration REMEMBERED = Duration.ofMinutes(10);

    private enum Family {
        IPV4,
        IPV6;

        static Family of(InetAddress address) {
            return address instanceof Inet6Address ? IPV6 : IPV4;
        }
    }

    /** @param wonAt of the clock, in nanoseconds */
    private record Winner(Family family, long wonAt) {}

    private final @Nullable Family configured;
    private final LongSupplier nanoClock;
    private volatile @Nullable Winner winner;

    /**
     * For all attempts of one runtime.
     *
     * @param ipv4Stack the value of {@code java.net.preferIPv4Stack}
     * @param ipv6Addresses the value of {@code java.net.preferIPv6Addresses}, of which {@code system} keeps the resolver's order
     */
    AddressOrder(String ipv4Stack, String ipv6Addresses, LongSupplier nanoClock) {
        boolean ipv4First = ipv4Stack.equalsIgnoreCase("true") || ipv6Addresses.equalsIgnoreCase("false");
        this.configured = ipv4First ? Family.IPV4 : ipv6Addresses.equalsIgnoreCase("system") ? null : Family.IPV6;
        this.nanoClock = nanoClock;
    }

    static AddressOrder on(UpstreamRuntime runtime) {
        return runtime.shared(
                AddressOrder.class,
                () -> new AddressOrder(
                        System.getProperty("java.net.preferIPv4Stack", ""),
                        System.getProperty("java.net.preferIPv6Addresses", ""),
                        System::nanoTime));
    }

    /**
     * For a name that is resolved here and reached from elsewhere, by a proxy: which families work there is another matter, so it has a memory
     * of its own, and begins with IPv4.
     */
    public static AddressOrder ofOthers(UpstreamRuntime runtime) {
        return runtime.shared(Others.class, () -> new Others(new AddressOrder("", "false", System::nanoTime)))
                .order();
    }

    private record Others(AddressOrder order) {}

    /** The same addresses, within a family in the order given. */
    public List<InetAddress> of(List<InetAddress> addresses) {
        if (addresses.isEmpty()) {
            return addresses;
        }
        Family first = first(addresses);
        Deque<InetAddress> turn = new ArrayDeque<>();
        Deque<InetAddress> next = new ArrayDeque<>();
        for (InetAddress address : addresses) {
            (Family.of(address) == first ? turn : next).add(address);
        }
        List<InetAddress> ordered = new ArrayList<>();
        while (ordered.size() < addresses.size()) {
            if (!turn.isEmpty()) {
                ordered.add(turn.remove());
            }
            Deque<InetAddress> swap = turn;
            turn = next;
            next = swap;
        }
        return ordered;
    }

    private Family first(List<InetAddress> addresses) {
        Winner last = winner;
        if (last != null && nanoClock.getAsLong() - last.wonAt() < REMEMBERED.toNanos()) {
            return last.family();
        }
        return configured != null ? configured : Family.of(addresses.get(0));
    }

    /** Remembers who was reached; says nothing about the families where there was only one to choose from. */
    public void won(InetAddress address, Collection<InetAddress> among) {
        if (among.stream().map(Family::of).distinct().count() > 1) {
            winner = new Winner(Family.of(address), nanoClock.getAsLong());
        }
    }
}
