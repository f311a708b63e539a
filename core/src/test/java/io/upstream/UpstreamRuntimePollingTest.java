// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpstreamRuntimePollingTest {
    @AfterEach
    void forget() {
        System.clearProperty(UpstreamRuntime.POLLING_PROPERTY);
    }

    /** What is to be had here, in place of what is not. */
    private static Class<? extends IoHandler> handler(Polling polling) {
        if (polling == Polling.IO_URING && IoUring.isAvailable()) {
            return IoUringIoHandler.class;
        }
        return polling != Polling.NIO && Epoll.isAvailable() ? EpollIoHandler.class : NioIoHandler.class;
    }

    @ParameterizedTest
    @CsvSource({
        "AUTO, '', EPOLL",
        "AUTO, nio, NIO",
        "AUTO, NIO, NIO",
        "AUTO, io_uring, IO_URING",
        "AUTO, auto, EPOLL",
        "AUTO, select, EPOLL",
        "EPOLL, nio, EPOLL",
        "IO_URING, nio, IO_URING",
        "NIO, epoll, NIO",
    })
    void waitsForSocketsAsAsked(Polling choice, String property, Polling expected) {
        System.setProperty(UpstreamRuntime.POLLING_PROPERTY, property);
        try (UpstreamRuntime runtime =
                UpstreamRuntime.builder().threads(1).polling(choice).build()) {
            assertEquals(true, runtime.unwrap(IoEventLoopGroup.class).isIoType(handler(expected)));
        }
    }

    @Test
    void refusesNoChoice() {
        assertThrows(NullPointerException.class, () -> UpstreamRuntime.builder().polling(null));
    }
}
