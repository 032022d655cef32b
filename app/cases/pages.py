"""Pages of cases. Each noun has its own module; this one gathers their routes."""

from fastapi import APIRouter

router = APIRouter()
