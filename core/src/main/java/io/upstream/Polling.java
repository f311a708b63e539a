// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/**
 * How event loops learn from the operating system that a socket is ready. The native ways need Linux and Netty's native jar for it on
 * the class path; one that this machine does not offer is replaced by the next that it does, with a warning.
 */
public enum Polling {
    /**
     * The default: what the system property {@value UpstreamRuntime#POLLING_PROPERTY} says ({@code epoll}, {@code io_uring} or {@code
     * nio}), else {@link #EPOLL} where there is one, else {@link #NIO}.
     */
    AUTO,
    /** Linux, with {@code netty-transport-native-epoll}. */
    EPOLL,
    /**
     * Linux, with {@code netty-transport-native-io_uring}; many containers and hardened kernels forbid it. Only on request: on one
     * connection it was not faster than {@link #EPOLL}.
     */
    IO_URING,
    /** The JDK's own: everywhere. */
    NIO
}
