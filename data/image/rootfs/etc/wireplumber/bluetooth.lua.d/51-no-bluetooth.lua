-- Without logind the Bluetooth monitor ends all of WirePlumber 0.4, and there is no Bluetooth here.
bluez_monitor.enabled = false
