// SPDX-License-Identifier: Apache-2.0
/**
 * The hub's control API: HTTP/1.1 in the shape of the IoT Hub service REST API, for people, scripts, tests outside this JVM and the
 * hub's own service clients. Above TLS it asks for a token of the policy; without TLS it asks for none and therefore belongs on loopback.
 * Start reading at {@link io.upstream.emulator.control.ControlApi}.
 */
@NullMarked
package io.upstream.emulator.control;

import org.jspecify.annotations.NullMarked;
