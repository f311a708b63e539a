// SPDX-License-Identifier: Apache-2.0
/**
 * The hub's control API: HTTP/1.1 in the shape of the IoT Hub service REST API, for people, scripts and tests outside this JVM. It
 * asks for no credentials and therefore belongs on loopback. Start reading at {@link
 * io.upstream.emulator.control.ControlApi}.
 */
@NullMarked
package io.upstream.emulator.control;

import org.jspecify.annotations.NullMarked;
