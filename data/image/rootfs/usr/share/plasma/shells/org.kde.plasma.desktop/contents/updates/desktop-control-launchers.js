// Plasma pins a software centre by default, which is not installed: its icon would do nothing.
panels().forEach(function (panel) {
    panel.widgets("org.kde.plasma.icontasks").forEach(function (tasks) {
        tasks.currentConfigGroup = ["General"];
        tasks.writeConfig("launchers", [
            "applications:systemsettings.desktop", "applications:org.kde.konsole.desktop",
            "preferred://filemanager", "preferred://browser",
        ]);
    });
});
