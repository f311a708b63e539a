// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What {@link Polling} comes to on this machine: never {@link Polling#AUTO}, always something that works. */
record PollingChoice(Polling polling) {
    private static final Logger log = LoggerFactory.getLogger(PollingChoice.class);

    static PollingChoice of(Polling wish) {
        Polling asked = wish == Polling.AUTO ? fromProperty().orElse(Polling.AUTO) : wish;
        Throwable obstacle = obstacle(asked);
        if (obstacle == null) {
            return new PollingChoice(asked == Polling.AUTO ? best() : asked);
        }
        log.warn("{} is not to be had here ({}): {} is used instead", asked, obstacle.getMessage(), best());
        return new PollingChoice(best());
    }

    IoHandlerFactory factory() {
        return switch (polling) {
            case EPOLL -> EpollIoHandler.newFactory();
            case IO_URING -> IoUringIoHandler.newFactory();
            case NIO, AUTO -> NioIoHandler.newFactory();
        };
    }

    private static Polling best() {
        return Epoll.isAvailable() ? Polling.EPOLL : Polling.NIO;
    }

    private static @Nullable Throwable obstacle(Polling polling) {
        return switch (polling) {
            case EPOLL -> Epoll.unavailabilityCause();
            case IO_URING -> IoUring.unavailabilityCause();
            case NIO, AUTO -> null;
        };
    }

    private static Optional<Polling> fromProperty() {
        String text = System.getProperty(UpstreamRuntime.POLLING_PROPERTY, "");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        for (Polling polling : Polling.values()) {
            if (polling.name().equals(text.toUpperCase(Locale.ROOT))) {
                return Optional.of(polling);
            }
        }
        log.warn(
                "the system property {} must be auto, epoll, io_uring or nio: its value is ignored",
                UpstreamRuntime.POLLING_PROPERTY);
        return Optional.empty();
    }
}
