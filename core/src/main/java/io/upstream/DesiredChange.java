// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;

/**
 * A change of the desired properties, as a merge patch (RFC 7396): a member that is null was removed. Changes made while the identity was
 * not connected do not come later: read the {@link Twin} after each connect, and drop changes that are not newer.
 *
 * @param patch a JSON object, with its {@code $version}
 * @param version the version of the desired properties after the change
 */
public record DesiredChange(String patch, long version) {
    public DesiredChange {
        Objects.requireNonNull(patch, "patch");
    }

    /** Without the contents, which may be secret. */
    @Override
    public String toString() {
        return "DesiredChange[version " + version + "]";
    }
}
