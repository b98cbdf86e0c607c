"""The ServiceComb dialect, which is also that of Huawei's CSE: a gateway to the catalog and to registration."""
