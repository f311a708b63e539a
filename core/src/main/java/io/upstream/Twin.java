// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;

/**
 * What the hub keeps for an identity: what shall be (desired, written by the back end) and what is (reported, written by the identity
 * itself). Both are JSON objects as the hub sent them, without {@code $metadata}, for whatever JSON library the application likes.
 * Source: "Understand and use device twins in IoT Hub".
 *
 * @param desired a JSON object, with its {@code $version}
 * @param desiredVersion grows with each change; compare it with {@link DesiredChange#version} to drop what is older
 * @param reported a JSON object, with its {@code $version}
 * @param reportedVersion grows with each change
 */
public record Twin(String desired, long desiredVersion, String reported, long reportedVersion) {
    public Twin {
        Objects.requireNonNull(desired, "desired");
        Objects.requireNonNull(reported, "reported");
    }

    /** Without the contents, which may be secret. */
    @Override
    public String toString() {
        return "Twin[desired " + desiredVersion + ", reported " + reportedVersion + "]";
    }
}
