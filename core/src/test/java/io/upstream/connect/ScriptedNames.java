// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.util.NetUtil;
import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/** Every name resolves to the same addresses; for the tests of all modules. */
public final class ScriptedNames {
    private ScriptedNames() {}

    /** For all attempts of {@code runtime}, from the first one on. */
    public static void on(UpstreamRuntime runtime, String... addresses) {
        runtime.shared(NameLookup.class, () -> new NameLookup(runtime.resolving(), host -> parse(host, addresses)));
    }

    /** No name resolves for {@code runtime}, and each lookup takes as long as {@code lookup} does. */
    public static void on(UpstreamRuntime runtime, Runnable lookup) {
        runtime.shared(
                NameLookup.class,
                () -> new NameLookup(runtime.resolving(), host -> {
                    lookup.run();
                    throw new UnknownHostException(host);
                }));
    }

    /** Answers on the caller's thread. */
    public static NameLookup lookup(String... addresses) {
        return new NameLookup(Runnable::run, host -> parse(host, addresses));
    }

    /** With a memory of its own. */
    public static AddressOrder order() {
        return new AddressOrder("", "false", System::nanoTime);
    }

    private static InetAddress[] parse(String host, String... addresses) throws UnknownHostException {
        if (addresses.length == 0) {
            throw new UnknownHostException(host);
        }
        return Arrays.stream(addresses)
                .map(NetUtil::createInetAddressFromIpAddressString)
                .toArray(InetAddress[]::new);
    }
}
