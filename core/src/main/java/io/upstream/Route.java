// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/** One way to the hub: straight, or through a proxy. Immutable; prints no credentials. */
public sealed interface Route permits Direct, ProxyServer {
    /** Straight to the hub. */
    Route DIRECT = Direct.INSTANCE;
}
