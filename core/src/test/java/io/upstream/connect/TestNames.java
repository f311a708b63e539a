// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.UnknownHostException;

/** Names that mean what a test says, in place of those of the machine that it runs on. */
public final class TestNames {
    private TestNames() {}

    /** In place of the platform's resolver; may block as that may. */
    @FunctionalInterface
    public interface Resolver {
        InetAddress[] addressesOf(String host) throws UnknownHostException;
    }

    /** For all attempts on {@code runtime}, which has not looked up any name yet. */
    public static void on(UpstreamRuntime runtime, Resolver resolver) {
        runtime.shared(NameLookup.class, () -> new NameLookup(runtime.resolving(), resolver::addressesOf));
    }

    /** Every name has these addresses, in this order. */
    public static void on(UpstreamRuntime runtime, String... literals) throws UnknownHostException {
        InetAddress[] addresses = new InetAddress[literals.length];
        for (int i = 0; i < literals.length; i++) {
            addresses[i] = InetAddress.getByName(literals[i]);
        }
        on(runtime, host -> addresses.clone());
    }
}
