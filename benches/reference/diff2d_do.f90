! Diffusion in Fortran with do loops, the rows shared among OpenMP threads.
! The first index runs along x: in memory the arrays are those of the C++ programs.
program diff2d
  use, intrinsic :: iso_fortran_env, only: int64
  use omp_lib, only: omp_get_max_threads
  use common
  implicit none
  integer(int64) :: n, nsteps, s, j
  real(real64) :: r, start, seconds
  real(real64), allocatable :: dens(:, :, :)

  call setup(n, nsteps, r)
  allocate (dens(n, n, 0:1))
  !$omp parallel do schedule(static)
  do j = 1, n
    call initial(j, dens(:, j, 0))
    call initial(j, dens(:, j, 1))
  end do

  start = now()
  !$omp parallel private(s)
  do s = 0, nsteps - 1
    call step(dens(1, 1, mod(s, 2_int64)), dens(1, 1, mod(s + 1, 2_int64)))
  end do
  !$omp end parallel
  seconds = now() - start
  call report(seconds, omp_get_max_threads(), dens(:, :, mod(nsteps, 2_int64)))

contains

  subroutine step(p, next)
    real(real64), intent(in) :: p(n, n)
    real(real64), intent(inout) :: next(n, n)
    real(real64) :: lapl
    integer(int64) :: i, j
    !$omp do schedule(static)
    do j = 2, n - 1
      do i = 2, n - 1
        lapl = p(i, j + 1) + p(i, j - 1) + p(i + 1, j) + p(i - 1, j) - 4*p(i, j)
        next(i, j) = p(i, j) + r*lapl
      end do
    end do
    !$omp end do
  end subroutine step

end program diff2d
