"""MoViX as ROS 2 nodes: conversion, threads and publishing around `movix_core.localizer.Localizer`."""
